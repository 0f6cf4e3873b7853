"""Make: what becomes of the rows that are looked at; each row at the destination is made of one at the source (R14)."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from syncline import owed
from syncline.changes import STALE, keys
from syncline.engine import Engine
from syncline.pipeline.dispute import REASON, settle
from syncline.pipeline.limit import refuse_too_many_rejections
from syncline.pipeline.work import Work
from syncline.statement import listed, literal


@dataclass(frozen=True, slots=True)
class Making:
    """What was made.

    Args:
        failed: the rows of which nothing could be made, as owed ones.
        rows: how many rows lie in `made.parquet`.
        is_plain: all of them are to be sent, each under a key of its own.
    """

    failed: pa.Table
    rows: int = 0
    is_plain: bool = False


def make(engine: Engine, work: Work, differing: pa.Table) -> Making:
    """Fill the engine's views `before` and `after`: what was sent, and what is to be sent, of the rows looked at.

    The engine knows `now` and `sent`; where not all rows are looked at, their keys stand in `asked`. A row of which
    nothing can be made is in neither view, so what was last sent of it stays.
    """
    if not work.is_transformed:
        engine.run(f"CREATE TEMP TABLE failed AS {_unknown(work)}")
        _views(engine, work, _looked_at(work))
        return Making(owed.schema(work.model).empty_table())
    path = work.path("made.parquet")
    result = work.sync.transform.make(engine, _looked_at(work), work.model, work.made, path)
    engine.run(f"CREATE TEMP VIEW made AS SELECT * FROM read_parquet({literal(path)})")
    rejected = owed.from_rejections(result.rejections, work.made if work.is_whole else work.model, owed.FAILED)
    named = rejected.select(rejected.column_names[: len(work.origin)]).rename_columns(work.origin)
    engine.register("rejected", named.append_column(REASON, rejected.column(owed.REASON)))
    engine.run(f"CREATE TEMP TABLE failed AS {_unknown(work)} UNION ALL SELECT * FROM rejected")
    doubled = settle(engine, work, None if work.compares_all or work.is_whole else _asked(work))
    alone = f"QUALIFY row_number() OVER (PARTITION BY {listed(keys(work.kept))}) = 1" if doubled else ""
    _views(engine, work, f"SELECT *, 0 AS {STALE} FROM made", alone)
    is_plain = not doubled and not engine.number("SELECT count(*) FROM failed")
    return Making(_failed(engine, work, differing), result.rows, is_plain)


def _looked_at(work: Work) -> str:
    rows = f"SELECT * FROM now WHERE {STALE} < 2"
    if work.compares_all or work.is_whole:
        return rows
    return f"SELECT * FROM ({rows}) SEMI JOIN asked USING ({listed(keys(work.model))})"


def _asked(work: Work) -> str:
    """The rows looked at, named as in `sent`."""
    named = [f"{key} AS {name}" for key, name in zip(keys(work.model), work.origin, strict=True)]
    return f"SELECT {listed(named)} FROM asked"


def _unknown(work: Work) -> str:
    """Rows that the source has to say anew before they can be sent (Invariant 8): they stay as they are."""
    if work.is_whole:
        return f"SELECT {listed(work.origin)}, NULL::VARCHAR AS {REASON} FROM sent WHERE false"
    named = [f"{key} AS {name}" for key, name in zip(keys(work.model), work.origin, strict=True)]
    return f"SELECT {listed(named)}, NULL::VARCHAR AS {REASON} FROM now WHERE {STALE} > 1"


def _views(engine: Engine, work: Work, after: str, alone: str = "") -> None:
    """What was and is to be sent, but for what failed; `alone` leaves one of those rows that are alike."""
    origin = listed(work.origin)
    before = "SELECT * FROM sent"
    if not (work.compares_all or work.is_whole):
        before = f"SELECT * FROM sent SEMI JOIN ({_asked(work)}) USING ({origin})"
    for name, rows, less in (("before", before, ""), ("after", after, alone)):
        engine.run(f"CREATE TEMP VIEW {name} AS SELECT * FROM ({rows}) ANTI JOIN failed USING ({origin}) {less}")


def _failed(engine: Engine, work: Work, differing: pa.Table) -> pa.Table:
    """The rows that failed, as owed ones.

    Raises:
        DataError: too many of the rows that are new have (R11).
    """
    found = engine.table(f"SELECT {listed(work.origin)}, {REASON} FROM failed WHERE {REASON} IS NOT NULL ORDER BY ALL")
    rows = found.select(work.origin).rename_columns(work.owing.names).cast(work.owing)
    failed = owed.from_keys(rows, work.model, owed.FAILED, found.column(REASON).cast(pa.string()), work.owing)
    known = owed.of_kind(differing, owed.FAILED).select(work.owing.names)
    new = failed.join(known, work.owing.names, join_type="left anti")
    looked_at = engine.number(f"SELECT count(*) FROM ({_looked_at(work)})") - len(known)
    if len(new):
        refuse_too_many_rejections(work, looked_at, len(new), new.column(owed.REASON)[0].as_py())
    return failed
