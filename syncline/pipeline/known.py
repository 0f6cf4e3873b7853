"""Rows that a full read brings just as the snapshot has them: only their keys are kept, marked `same`."""

from __future__ import annotations

from collections.abc import Sequence

from syncline import diff as comparison
from syncline.changes import OP, PART, STALE, columns, keys
from syncline.engine import Engine
from syncline.model import DataModel
from syncline.pipeline.work import Extraction, Work
from syncline.statement import listed
from syncline.unchanged import Unchanged


def unchanged(work: Work) -> Unchanged | None:
    """What finds them while they come; None where all rows are compared later on."""
    if not work.counts_absence or work.connection.source.order(work.sync.origin) is not None:
        return None
    return Unchanged.over(work.head.snapshot, work.model, work.storage.path)


def whole(rows: str, model: DataModel) -> str:
    """Rows as they came; of one that was found to be the same as in the snapshot, what stands there."""
    before = listed([f"b.{column}" for column in [*columns(model), PART, STALE]])
    on = listed([f"r.{key} = b.{key}" for key in keys(model)], " AND ")
    same = f"SELECT {before}, 'insert' AS {OP}, r._r, r._f FROM ({rows}) r JOIN before b ON {on} WHERE r.{OP} = 'same'"
    return f"SELECT * FROM ({rows}) WHERE {OP} <> 'same' UNION ALL {same}"


def still_open(engine: Engine, model: DataModel) -> str:
    """What of the snapshot is still to be compared: all but what came just as it is there."""
    key, same = listed(keys(model)), f"FROM resolved WHERE {OP} = 'same'"
    if not engine.number(f"SELECT count(*) {same}"):
        return "before"
    engine.run(
        f"CREATE TEMP TABLE open AS SELECT {key} FROM (SELECT {key} FROM before) "
        f"ANTI JOIN (SELECT {key} {same}) USING ({key})"
    )
    return f"before SEMI JOIN open USING ({key})"


def slices(engine: Engine, work: Work, extraction: Extraction, source: str) -> Sequence[str]:
    """The keys in ranges, where both sides lie in their order and all of them are compared."""
    if not (extraction.in_key_order and work.counts_absence):
        return ("true",)
    keyed = "before" if source == "before" else "open"
    rows = work.head.snapshot.rows if keyed == "before" else engine.number("SELECT count(*) FROM open")
    return comparison.sliced(engine, work.model, f"SELECT * FROM {keyed}", rows)
