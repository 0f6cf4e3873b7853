"""Which part of a model a key is taken from, where several give it (R11).

The snapshot has the row that holds; rows of later parts lie *aside*. So what a model is depends on what each part last
said, never on which of them was read this time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from syncline import diff as comparison
from syncline import owed, snapshot
from syncline.changes import OP, PART, STALE, RowFile, columns, keys
from syncline.engine import Engine
from syncline.model import SyncMode
from syncline.pipeline.work import Extraction, Work
from syncline.snapshot import Layers
from syncline.statement import listed, literal

BETWEEN = "/"
REASON = "part {} gives this key with other values than part {}, which comes before it"


@dataclass(frozen=True, slots=True)
class Settled:
    """What each key is, once its parts are heard.

    Args:
        before, after: queries over the rows that may have changed.
        absent: keys that hold although a full read did not bring them; None: nothing was to be read in full.
        aside: the rows that wait for an earlier part to let go.
        outranked: rows that do so and are different: owed rows.
        said: how many of these came just now.
    """

    before: str
    after: str
    absent: pa.Table | None
    aside: tuple[RowFile, ...]
    outranked: pa.Table
    said: int


def proven(engine: Engine, work: Work, extraction: Extraction) -> list[str]:
    """The parts of which nothing was left out: read to their end, or known to be there no more (R7)."""
    found = list(extraction.complete)
    if extraction.listed:
        rows = f"SELECT {PART} FROM before UNION SELECT {PART} FROM ({_aside(work)})"
        known = [part for (part,) in engine.rows(rows)]
        found += [part for part in known if part is not None and _has_gone(part, extraction)]
    return found


def _has_gone(part: str, extraction: Extraction) -> bool:
    """A list of the parts that there are lacks this one."""
    given = (*extraction.parts, *extraction.missing)
    return part not in given and any(
        _is_below(part, scope)
        and not any(_is_below(each, scope) and each != scope and _is_below(part, each) for each in given)
        for scope in extraction.listed
    )


def _is_below(part: str, scope: str) -> bool:
    return not scope or part == scope or part.startswith(f"{scope}{BETWEEN}")


def is_plain(engine: Engine, work: Work, extraction: Extraction, proven: Sequence[str]) -> bool:
    """All there is was read, no key stood twice, and none waits aside: what came is what there is."""
    if work.mode is not SyncMode.FULL or not extraction.in_key_order or work.head.snapshot.aside or work.approved:
        return False
    return not engine.number(f"SELECT count(*) FROM before WHERE ({PART} IN ({_listed(proven)})) IS NOT TRUE")


def settle(
    engine: Engine, work: Work, extraction: Extraction, order: Sequence[str], proven: Sequence[str], *, in_full: bool
) -> Settled:
    """Decide for each key that was said (in a full read: for each) which part it is taken from.

    The table `resolved` says what came, a row a key and part; `before` is the snapshot, of which `asked` has what was
    said; `present` has the keys of rejected rows.
    """
    model, key = work.model, listed(keys(work.model))
    shown = listed([*columns(model), PART])
    if work.approved:
        _let_go(engine, key)
    engine.run(f"CREATE TEMP VIEW aside AS {_aside(work)}")
    source, asked = ("before", "") if in_full else ("asked", f"SEMI JOIN resolved USING ({key})")
    stood = (
        f"SELECT {shown}, true AS _held FROM {source} "
        f"UNION ALL SELECT {shown}, false FROM (SELECT * FROM aside {asked}) WHERE {STALE} = 0"
    )
    engine.run(f"CREATE TEMP VIEW unsaid AS SELECT * FROM ({stood}) ANTI JOIN resolved USING ({key}, {PART})")
    gone = f"{PART} IN ({_listed(proven if in_full else ())})"
    engine.run(
        f"CREATE TEMP TABLE kept AS SELECT * FROM unsaid WHERE ({gone}) IS NOT TRUE "
        f"UNION ALL SELECT * FROM unsaid SEMI JOIN present USING ({key}) WHERE {gone}"
    )
    engine.run(
        f"CREATE TEMP VIEW stands AS SELECT {shown}, false AS _held, true AS _came "
        f"FROM resolved WHERE {OP} <> 'delete' UNION ALL SELECT {shown}, _held, false FROM kept"
    )
    engine.run(f"CREATE TEMP TABLE shared AS SELECT {key} FROM stands GROUP BY {key} HAVING count(*) > 1")
    engine.run(
        f"CREATE TEMP TABLE ranked AS SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {_rank(order)}) AS _n "
        f"FROM stands SEMI JOIN shared USING ({key})"
    )
    holding = (
        f"SELECT {shown}, _held FROM stands ANTI JOIN shared USING ({key}) "
        f"UNION ALL SELECT {shown}, _held FROM ranked WHERE _n = 1"
    )
    engine.run(f"CREATE TEMP VIEW holding AS {holding}")
    outranked, said = _outranked(engine, work, in_full=in_full)
    return Settled(
        before=f"SELECT * FROM {source} ANTI JOIN (SELECT {key} FROM holding WHERE _held) USING ({key})",
        after=f"SELECT {shown} FROM holding WHERE NOT _held",
        absent=_absent(engine, work, extraction, proven) if in_full else None,
        aside=_put_aside(engine, work, in_full=in_full),
        outranked=outranked,
        said=said,
    )


def _let_go(engine: Engine, key: str) -> None:
    """What was approved goes from the part that holds it (R26)."""
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE resolved AS SELECT resolved.* REPLACE (before.{PART} AS {PART}) "
        f"FROM resolved JOIN before USING ({key})"
    )


def _aside(work: Work) -> str:
    return snapshot.relation(Layers(base=work.head.snapshot.aside), work.model, work.storage.path)


def _rank(order: Sequence[str]) -> str:
    """The parts as they are declared, then by name."""
    first = listed(
        [
            f"WHEN {PART} = {literal(name)} OR starts_with({PART}, {literal(name + BETWEEN)}) THEN {number}"
            for number, name in enumerate(order)
        ],
        " ",
    )
    return f"CASE {first} ELSE {len(order)} END, {PART}" if order else PART


def _outranked(engine: Engine, work: Work, *, in_full: bool) -> tuple[pa.Table, int]:
    """The rows that differ from the one that holds, as owed rows; and how many of them came just now."""
    model, key = work.model, listed(keys(work.model))
    same = listed([f"a.{each} = b.{each}" for each in keys(model)], " AND ")
    found = engine.table(
        f"SELECT {listed([f'a.{each}' for each in keys(model)])}, a.{PART} AS later, b.{PART} AS first, a._came "
        f"FROM ranked a JOIN ranked b ON {same} AND a._n > 1 AND b._n = 1 AND {comparison.differs(model, parts=False)} "
        "ORDER BY ALL"
    )
    reasons = [
        REASON.format(later, first)
        for later, first in zip(found.column("later").to_pylist(), found.column("first").to_pylist(), strict=True)
    ]
    named = found.select(keys(model)).rename_columns(list(model.key)).cast(model.key_schema)
    kind = pa.repeat(pa.scalar(owed.OUTRANKED), len(named))
    now = named.append_column(owed.KIND, kind).append_column(owed.REASON, pa.array(reasons, pa.string()))
    said = sum(found.column("_came").to_pylist())
    if in_full:
        return now, said
    before = owed.of_kind(owed.owed_rows(work.storage, model, work.head), owed.OUTRANKED)
    if len(before):
        touched = engine.table(f"SELECT DISTINCT {key} FROM resolved")
        now = pa.concat_tables([owed.without(before, touched, model), now])
    return now, said


def _absent(engine: Engine, work: Work, extraction: Extraction, proven: Iterable[str]) -> pa.Table:
    """Keys that should have come and did not, though nothing proves that they are gone (R7)."""
    key = listed(keys(work.model))
    parts = [part for (part,) in engine.rows(f"SELECT DISTINCT {PART} FROM kept WHERE _held")]
    asked = [part for part in parts if part not in proven and not _was_left_out(part, work, extraction)]
    return engine.table(
        f"SELECT {key} FROM holding ANTI JOIN present USING ({key}) "
        f"WHERE _held AND {PART} IN ({_listed(asked)}) ORDER BY ALL"
    )


def _was_left_out(part: str, work: Work, extraction: Extraction) -> bool:
    """This part is missing this time, or nobody has handed it over."""
    if any(_is_below(part, missing) for missing in extraction.missing):
        return True
    return work.request.is_handed(work.sync.name) and not any(
        given and _is_below(part, given) for given in extraction.parts
    )


def _put_aside(engine: Engine, work: Work, *, in_full: bool) -> tuple[RowFile, ...]:
    model, key = work.model, listed(keys(work.model))
    shown = listed([*columns(model), PART])
    untouched = f"UNION ALL SELECT {shown} FROM aside ANTI JOIN resolved USING ({key})" if not in_full else ""
    now = f"SELECT {shown} FROM ranked WHERE _n > 1 {untouched}"
    on = listed([f"a.{each} = b.{each}" for each in [*keys(model), PART]], " AND ")
    moved = f"a.{PART} IS NULL OR b.{PART} IS NULL OR {comparison.differs(model, parts=False)}"
    if not engine.number(f"SELECT count(*) FROM ({now}) a FULL JOIN aside b ON {on} WHERE {moved}"):
        return work.head.snapshot.aside
    rows = engine.number(f"SELECT count(*) FROM ({now})")
    if not rows:
        return ()
    order = listed(keys(model))
    engine.write(f"SELECT *, 'insert' AS {OP} FROM ({now}) ORDER BY {order}, {PART}", work.path("aside.parquet"))
    return (RowFile.of(model, work.name("aside.parquet"), rows),)


def _listed(parts: Iterable[str]) -> str:
    return listed([literal(part) for part in parts]) or "NULL"
