"""Make: what becomes of the rows that are looked at; each row at the destination is made of one at the source (R14)."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from syncline import owed
from syncline.changes import STALE, columns, keys
from syncline.engine import Engine
from syncline.pipeline.limit import refuse_too_many_rejections
from syncline.pipeline.work import Work
from syncline.statement import listed, literal

TAKEN = "its key at the destination is that of another row"
TWICE = "two different rows with one key are made of it"
_REASON = "_reason"


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
    engine.register("rejected", named.append_column(_REASON, rejected.column(owed.REASON)))
    engine.run(f"CREATE TEMP TABLE failed AS {_unknown(work)} UNION ALL SELECT * FROM rejected")
    doubled = _settle(engine, work)
    alone = f"QUALIFY row_number() OVER (PARTITION BY {listed(keys(work.kept))}) = 1" if doubled else ""
    _views(engine, work, f"SELECT *, 0 AS {STALE} FROM made {alone}")
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
        return f"SELECT {listed(work.origin)}, NULL::VARCHAR AS {_REASON} FROM sent WHERE false"
    named = [f"{key} AS {name}" for key, name in zip(keys(work.model), work.origin, strict=True)]
    return f"SELECT {listed(named)}, NULL::VARCHAR AS {_REASON} FROM now WHERE {STALE} > 1"


def _views(engine: Engine, work: Work, after: str) -> None:
    origin = listed(work.origin)
    before = "SELECT * FROM sent"
    if not (work.compares_all or work.is_whole):
        before = f"SELECT * FROM sent SEMI JOIN ({_asked(work)}) USING ({origin})"
    for name, rows in (("before", before), ("after", after)):
        engine.run(f"CREATE TEMP VIEW {name} AS SELECT * FROM ({rows}) ANTI JOIN failed USING ({origin})")


def _settle(engine: Engine, work: Work) -> bool:
    """Where two rows want one key, all but one of them fail: who holds it keeps it, else the first does (R14).

    A row that fails keeps what was sent of it, which may take another's key in turn; so this goes on until none does.
    """
    key, origin = listed(keys(work.kept)), listed(work.origin)
    apart = listed([f"a.{name} IS DISTINCT FROM b.{name}" for name in work.origin], " OR ")
    engine.run(f"CREATE TEMP TABLE twice AS SELECT {key} FROM made GROUP BY {key} HAVING count(*) > 1")
    taken = f"SELECT {key} FROM made a JOIN sent b USING ({key}) WHERE {apart}"
    engine.run(f"CREATE TEMP TABLE disputed AS SELECT {key} FROM twice UNION {taken}")
    if not engine.number("SELECT count(*) FROM disputed"):
        return False
    both = listed(list(dict.fromkeys([*keys(work.kept), *work.origin])))
    engine.run(f"CREATE TEMP TABLE claims AS SELECT DISTINCT {both} FROM made SEMI JOIN disputed USING ({key})")
    engine.run(f"CREATE TEMP TABLE holders AS SELECT {both} FROM sent SEMI JOIN disputed USING ({key})")
    unlike = f"GROUP BY {both} HAVING count(DISTINCT row({listed(columns(work.kept))})) > 1"
    own = f"SELECT DISTINCT {origin} FROM (SELECT {both} FROM made SEMI JOIN twice USING ({key}) {unlike})"
    engine.run(f"INSERT INTO failed SELECT *, {literal(TWICE)} FROM ({own}) ANTI JOIN failed USING ({origin})")
    while engine.number(f"SELECT count(*) FROM ({_losers(work)})"):
        engine.run(f"INSERT INTO failed SELECT *, {literal(TAKEN)} FROM ({_losers(work)})")
    return engine.number("SELECT count(*) FROM twice") > 0


def _losers(work: Work) -> str:
    """The rows that want a key which another one keeps, or has the better claim to."""
    key, origin = listed(keys(work.kept)), listed(work.origin)
    apart = listed([f"a.{name} IS DISTINCT FROM b.{name}" for name in work.origin], " OR ")
    same = listed([f"a.{name} = b.{name}" for name in dict.fromkeys([*keys(work.kept), *work.origin])], " AND ")
    mine, theirs = (
        listed([f"a.{name}" for name in work.origin]),
        f"(SELECT * FROM claims ANTI JOIN failed USING ({origin}))",
    )
    keeping = f"SELECT * FROM holders SEMI JOIN failed USING ({origin})"
    if not (work.compares_all or work.is_whole):
        keeping += f" UNION SELECT * FROM holders ANTI JOIN ({_asked(work)}) USING ({origin})"
    kept = f"SELECT {mine} FROM {theirs} a JOIN ({keeping}) b USING ({key}) WHERE {apart}"
    wanted = listed([f"a.{name}" for name in keys(work.kept)])
    rank = f"row_number() OVER (PARTITION BY {wanted} ORDER BY b.{work.origin[0]} IS NULL, {mine})"
    better = f"SELECT {mine} FROM {theirs} a LEFT JOIN holders b ON {same} QUALIFY {rank} > 1"
    return f"{kept} UNION {better}"


def _failed(engine: Engine, work: Work, differing: pa.Table) -> pa.Table:
    """The rows that failed, as owed ones.

    Raises:
        DataError: too many of the rows that are new have (R11).
    """
    found = engine.table(
        f"SELECT {listed(work.origin)}, {_REASON} FROM failed WHERE {_REASON} IS NOT NULL ORDER BY ALL"
    )
    rows = found.select(work.origin).rename_columns(work.owing.names).cast(work.owing)
    failed = owed.from_keys(rows, work.model, owed.FAILED, found.column(_REASON).cast(pa.string()), work.owing)
    known = owed.of_kind(differing, owed.FAILED).select(work.owing.names)
    new = failed.join(known, work.owing.names, join_type="left anti")
    looked_at = engine.number(f"SELECT count(*) FROM ({_looked_at(work)})") - len(known)
    if len(new):
        refuse_too_many_rejections(work, looked_at, len(new), new.column(owed.REASON)[0].as_py())
    return failed
