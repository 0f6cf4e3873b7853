"""Hold: deletions over the limit, and what belongs to them, wait for a person (R25, R26)."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from syncline import diff, owed
from syncline.changes import OP, PART, Difference, columns, keys
from syncline.engine import Engine
from syncline.pipeline.limit import is_over, reason
from syncline.pipeline.work import Delta, Work
from syncline.snapshot import incoming
from syncline.statement import listed

_HELD = "held"


@dataclass(frozen=True, slots=True)
class Held:
    """What waits: the owed rows, and the rows that *sent* must know as they were, which lie in `held.parquet`."""

    owing: pa.Table
    correction: Difference


def hold(engine: Engine, work: Work, delta: Delta, differing: pa.Table, *, makes_nothing: bool) -> Held:
    """Take what must wait out of the engine's table `changes`; `makes_nothing`: a transform, of all rows there are."""
    waiting = owed.of_kind(differing, owed.WITHHELD)
    _fill(engine, work, delta, waiting, is_empty=delta.is_empty_read or makes_nothing)
    held = engine.number(f"SELECT count(*) FROM {_HELD}")
    if not held:
        return Held(owed.schema(work.model).empty_table(), Difference())
    correction = _corrected(engine, work)
    same = listed([f"{diff.CHANGES}.{column} = {_HELD}.{column}" for column in keys(work.kept)], " AND ")
    engine.run(f"DELETE FROM {diff.CHANGES} USING {_HELD} WHERE {same}")
    why = reason(work, is_empty_read=delta.is_empty_read, makes_nothing=makes_nothing)
    return Held(_owing(engine, work, waiting, why), correction)


def _fill(engine: Engine, work: Work, delta: Delta, waiting: pa.Table, *, is_empty: bool) -> None:
    """The table `held`: changes that must wait."""
    origin = listed(work.origin)
    engine.register("approved", _approved(work, waiting).rename_columns(work.origin))
    engine.register("waiting", waiting.select(work.owing.names).rename_columns(work.origin))
    engine.run(f"CREATE TEMP VIEW unapproved AS SELECT * FROM {diff.CHANGES} ANTI JOIN approved USING ({origin})")
    deletions = f"SELECT DISTINCT {origin} FROM unapproved WHERE {OP} = 'delete'"
    untouched = f"SELECT {origin} FROM waiting ANTI JOIN ({_touched(work, delta)}) USING ({origin})"
    count = engine.number(f"SELECT count(*) FROM unapproved WHERE {OP} = 'delete'")
    over = is_over(work, count, is_empty=is_empty)
    if over and work.request.update:  # a configuration update waits whole
        engine.run(f"CREATE TEMP TABLE {_HELD} AS SELECT * FROM unapproved")
        return
    if not over:
        deletions = f"SELECT * FROM ({deletions}) SEMI JOIN waiting USING ({origin})"
    if work.request.update:  # today's settings pass, so nothing waits for those of before
        untouched = f"SELECT {origin} FROM waiting WHERE false"
    moves = f"SELECT * FROM unapproved SEMI JOIN ({deletions}) USING ({origin}) WHERE {OP} <> 'update'"
    still = f"SELECT * FROM unapproved SEMI JOIN ({untouched}) USING ({origin})"
    engine.run(f"CREATE TEMP TABLE {_HELD} AS {moves} UNION {still}")


def _touched(work: Work, delta: Delta) -> str:
    """The rows that changed at the source in this run: they go on by themselves."""
    if work.is_whole:
        return f"SELECT {listed(work.origin)} FROM waiting WHERE false"
    named = [f"{key} AS {name}" for key, name in zip(keys(work.model), work.origin, strict=True)]
    return f"SELECT {listed(named)} FROM ({incoming(delta.files, work.model, work.storage.path)})"


def _approved(work: Work, waiting: pa.Table) -> pa.Table:
    """The keys that were shown and approved, as far as they may go now (R26)."""
    if not work.approved:
        return waiting.select(work.owing.names).slice(0, 0)
    shown = owed.read(work.storage.path(f"{work.home}/{work.approved}/owed.parquet"), work.model)
    awaiting = owed.of_kind(shown, *owed.AWAITING)
    return owed.with_columns(awaiting, work.owing).select(work.owing.names)


def _corrected(engine: Engine, work: Work) -> Difference:
    """Write the held changes backwards: what the destination goes on holding in their place."""
    both = [*columns(work.kept), PART]
    before = listed([f"CASE {OP} WHEN 'insert' THEN {name} ELSE b{name} END AS {name}" for name in both])
    backwards = f"CASE {OP} WHEN 'insert' THEN 'delete' WHEN 'delete' THEN 'insert' ELSE {OP} END"
    engine.write(f"SELECT {before}, {backwards} AS {OP} FROM {_HELD}", work.path("held.parquet"))
    counts = dict(engine.rows(f"SELECT {OP}, count(*) FROM {_HELD} GROUP BY {OP}"))
    return Difference(counts.get("delete", 0), counts.get("update", 0), counts.get("insert", 0))


def _owing(engine: Engine, work: Work, waiting: pa.Table, why: str) -> pa.Table:
    """The held changes as owed rows: of one that another row's would take the place of, both rows."""
    now, was = listed(work.origin), listed([f"b{name}" for name in work.origin])
    query = f"SELECT {now} FROM {_HELD} UNION SELECT {was} FROM {_HELD} WHERE {OP} = 'update' ORDER BY ALL"
    held = engine.table(query).rename_columns(work.owing.names).cast(work.owing)
    still = waiting.join(held, work.owing.names, join_type="left semi").select(waiting.column_names)
    new = held.join(waiting.select(work.owing.names), work.owing.names, join_type="left anti")
    return owed.together([still, owed.from_keys(new, work.model, owed.WITHHELD, why, work.owing)])
