"""Diff: what came from the source against the snapshot -> what changed there, and the next snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from syncline import diff as comparison
from syncline import owed, snapshot
from syncline.changes import OP, PART, STALE, Difference, RowFile, columns, keys, physical
from syncline.datatype import engine_name
from syncline.engine import Engine, opened
from syncline.model import Cursor, DataModel, Rejection, SyncMode
from syncline.pipeline import known, parts
from syncline.pipeline.limit import refuse_too_many_rejections
from syncline.pipeline.work import Delta, Extraction, Work, read_fingerprint
from syncline.snapshot import Layers
from syncline.statement import listed, literal

DOUBLED = "the key {} stands more than once with different values"


def diff(work: Work, extraction: Extraction) -> Delta:
    """What changed at the source since the last snapshot. Safe to repeat.

    Raises:
        DataError: a file of the snapshot is missing or damaged (R4).
    """
    if work.head.is_new and extraction.in_key_order:
        return _first(work, extraction)
    if not work.counts_absence and (not extraction.files or known.brings_nothing(work, extraction)):
        return _delta(work, extraction, work.head.snapshot, _owed(work, extraction, None, None))
    with opened(work.storage.root) as engine:
        return _compared(engine, work, extraction)


def _first(work: Work, extraction: Extraction) -> Delta:
    """The first rows came in the order of the key, so they are the base as they are (R4)."""
    rows = sum(file.rows for file in extraction.files)
    layers = Layers(base=extraction.files, rows=rows) if rows else Layers()
    delta = _delta(work, extraction, layers, _owed(work, extraction, None, None))
    return replace(delta, files=extraction.files, difference=Difference(rows))


def _compared(engine: Engine, work: Work, extraction: Extraction) -> Delta:
    model, locate = work.model, work.storage.path
    order = work.connection.source.order(work.sync.origin)
    if order is None and extraction.missing:
        order = ()
    is_plain = extraction.in_key_order and order is None
    layers = known.to_compare(work, extraction, is_plain=is_plain)
    engine.run(f"CREATE TEMP VIEW before AS {snapshot.relation(layers, model, locate)}")
    incoming = snapshot.incoming(extraction.files, model, locate)
    if work.counts_absence and not is_plain:
        incoming = known.whole(incoming, model)
    doubled = _resolve(engine, extraction, model, incoming, [*keys(model), *([] if order is None else [PART])])
    if doubled:
        refuse_too_many_rejections(work, extraction.read, extraction.rejections + len(doubled), doubled[0].reason)
    rejected = _rejected(work, extraction, doubled)
    engine.register("present", _present(rejected, model))
    if not work.counts_absence:
        shown, join = listed([f"before.{column}" for column in [*columns(model), PART, STALE]]), listed(keys(model))
        near = f"SELECT * FROM before WHERE {_reach(engine, model)}"
        engine.run(
            f"CREATE TEMP TABLE asked AS SELECT {shown} FROM ({near}) AS before SEMI JOIN resolved USING ({join})"
        )
    proven = parts.proven(engine, work, extraction)
    settled = None
    if order is not None and not parts.is_plain(engine, work, extraction, proven):
        settled = parts.settle(engine, work, extraction, order, proven, in_full=work.counts_absence)
        if settled.said:
            first = settled.outranked.column(owed.REASON)[0].as_py()
            refuse_too_many_rejections(work, extraction.read, settled.said, first)
    source = "before" if work.counts_absence else "asked"
    difference = comparison.compare(
        engine,
        model,
        settled.before if settled else f"SELECT * FROM {source}",
        settled.after if settled else f"SELECT {listed([*columns(model), PART])} FROM resolved WHERE {OP} = 'insert'",
        absent="true" if settled else _gone_for_certain(engine, work, proven),
        slices=("true",) if settled else known.slices(engine, work, extraction, layers.rows),
    )
    moved = comparison.moved(engine, model) if order is not None and difference.updated else 0
    absent = settled.absent if settled else _absent(engine, work, proven)
    late = _late(engine, work)
    layers, files, previous = _write(engine, work, difference)
    layers = replace(layers, aside=settled.aside if settled else ())
    outranked = settled.outranked if settled else None
    owing = _owed(work, extraction, rejected, absent, _seen(engine, work), outranked)
    delta = _delta(work, extraction, layers, owing, len(doubled))
    return replace(delta, files=files, before=previous, late=late, moved=moved, difference=difference)


def _reach(engine: Engine, model: DataModel) -> str:
    """A condition that lets the engine leave out those parts of the snapshot that have none of the keys that came."""
    key, kind = keys(model)[0], engine_name(model.schema.field(model.key[0]).type)
    ((low, high),) = engine.rows(f"SELECT min({key})::VARCHAR, max({key})::VARCHAR FROM resolved")
    return "false" if low is None else f"{key} BETWEEN {literal(low)}::{kind} AND {literal(high)}::{kind}"


def _resolve(engine: Engine, extraction: Extraction, model: DataModel, rows: str, by: Sequence[str]) -> list[Rejection]:
    """Fill the table `resolved` with one row a key, or a key and part (R11); what cannot be decided is rejected."""
    key, shown = listed(by), listed([*columns(model), PART, OP])
    if extraction.in_key_order:
        engine.run(f"CREATE TEMP VIEW resolved AS SELECT {shown} FROM ({rows})")
        return []
    engine.run(f"CREATE TEMP TABLE incoming AS {rows}")
    engine.run(f"CREATE TEMP TABLE twice AS SELECT {key} FROM incoming GROUP BY {key} HAVING count(*) > 1")
    engine.run(
        f"CREATE TEMP TABLE deleted AS SELECT {key}, max((_f, _r)) AS _last "
        f"FROM incoming SEMI JOIN twice USING ({key}) WHERE {OP} = 'delete' GROUP BY {key}"
    )
    engine.run(
        f"CREATE TEMP TABLE valid AS SELECT incoming.* FROM incoming SEMI JOIN twice USING ({key}) "
        f"LEFT JOIN deleted USING ({key}) WHERE _last IS NULL OR (_f, _r) >= _last"
    )
    contents = listed([*columns(model), PART])
    engine.run(
        f"CREATE TEMP TABLE undecided AS SELECT {key} FROM valid WHERE {OP} <> 'delete' "
        f"GROUP BY {key} HAVING count(DISTINCT row({contents})) > 1 AND {'false' if extraction.ordered else 'true'}"
    )
    last = f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _f DESC, _r DESC) = 1"
    engine.run(
        f"CREATE TEMP TABLE resolved AS SELECT {shown} FROM incoming ANTI JOIN twice USING ({key}) "
        f"UNION ALL SELECT {shown} FROM (SELECT * FROM valid ANTI JOIN undecided USING ({key}) {last})"
    )
    return _undecided(engine, model)


def _undecided(engine: Engine, model: DataModel) -> list[Rejection]:
    table = engine.table(f"SELECT DISTINCT {listed(keys(model))} FROM undecided ORDER BY ALL")
    rows = table.rename_columns(list(model.key)).cast(model.key_schema).to_pylist()
    return [Rejection(row, DOUBLED.format(", ".join(f"'{value}'" for value in row.values()))) for row in rows]


def _rejected(work: Work, extraction: Extraction, doubled: list[Rejection]) -> pa.Table:
    rows = owed.from_rejections(doubled, work.model, owed.REJECTED)
    if extraction.rejected is None:
        return rows
    return pa.concat_tables([owed.read(work.storage.path(extraction.rejected.name), work.model), rows])


def _present(rejected: pa.Table, model: DataModel) -> pa.Table:
    """The keys of rejected rows: they are present at the source, so they are not absent (R3)."""
    return owed.with_key(rejected, model).select(list(model.key)).rename_columns(keys(model))


def _gone_for_certain(engine: Engine, work: Work, proven: Sequence[str]) -> str:
    """A condition on a row of the snapshot that did not come: it is gone, not just unseen (R7, Invariant 3)."""
    if not work.counts_absence:
        return "true"  # only rows that the source named were looked up
    gone = f"b.{PART} IN ({_listed(proven)})"
    if engine.number("SELECT count(*) FROM present"):
        gone += f" AND NOT EXISTS (FROM present p WHERE {_same_key('p', work.model)})"
    if engine.number(f"SELECT count(*) FROM resolved WHERE {OP} = 'delete'"):
        gone = f"({gone}) OR EXISTS (FROM resolved r WHERE {_same_key('r', work.model)} AND r.{OP} = 'delete')"
    return f"({gone})"


def _listed(parts: Sequence[str]) -> str:
    return listed([literal(part) for part in parts]) or "NULL"


def _same_key(alias: str, model: DataModel) -> str:
    return listed([f"{alias}.{key} = b.{key}" for key in keys(model)], " AND ")


def _absent(engine: Engine, work: Work, proven: Sequence[str]) -> pa.Table | None:
    """Keys that a full read did not bring, though nothing proves that they are gone; None after other reads."""
    if not work.counts_absence:
        return None
    key = listed(keys(work.model))
    unproven = f"SELECT {key} FROM before WHERE ({PART} IN ({_listed(proven)})) IS NOT TRUE"
    return engine.table(
        f"SELECT {key} FROM ({unproven}) ANTI JOIN resolved USING ({key}) ANTI JOIN present USING ({key}) ORDER BY ALL"
    )


def _late(engine: Engine, work: Work) -> int:
    """How many changed rows lie before the cursor of their part: without the overlap they had been missed (R9)."""
    if work.mode is not SyncMode.INCREMENTAL or work.sync.cursor is None:
        return 0
    index = work.model.schema.get_field_index(work.sync.cursor)
    kind = engine_name(work.model.schema.field(index).type)
    passed = []
    for part, cursor in work.head.cursors.items():
        since = cursor.get("at") if isinstance(cursor, dict) else cursor
        if since is not None:
            moment = f"TRY_CAST({literal(since)} AS {kind})"
            passed.append(f"({PART} = {literal(part)} AND {physical(index)} < {moment})")
    late = listed(passed, " OR ") or "false"
    return engine.number(f"SELECT count(*) FROM {comparison.CHANGES} WHERE {OP} <> 'delete' AND ({late})")


def _seen(engine: Engine, work: Work) -> pa.Table:
    """The keys that came, as far as they are owed: only these matter."""
    rows = owed.owed_rows(work.storage, work.model, work.head)
    engine.register("owed_before", _present(rows, work.model))
    key = listed(keys(work.model))
    return engine.table(f"SELECT {key} FROM resolved SEMI JOIN owed_before USING ({key})")


def _write(
    engine: Engine, work: Work, difference: Difference
) -> tuple[Layers, tuple[RowFile, ...], tuple[RowFile, ...]]:
    layers = work.head.snapshot
    if not len(difference):
        return layers, (), ()
    model = work.model
    comparison.write(engine, model, work.path("delta.parquet"), work.path("before.parquet"))
    files = (RowFile.of(model, work.name("delta.parquet"), len(difference)),)
    before = (RowFile.of(model, work.name("before.parquet"), difference.updated),) if difference.updated else ()
    layers = layers.with_delta(files, inserted=difference.inserted, deleted=difference.deleted)
    if layers.wants_folding and not snapshot.has_stale(engine, layers, model, work.storage.path):
        name = "base.parquet"
        layers = snapshot.fold(engine, layers, model, work.storage.path, work.path(name), work.name(name))
    return layers, files, before


def _owed(
    work: Work,
    extraction: Extraction,
    rejected: pa.Table | None,
    absent: pa.Table | None,
    seen: pa.Table | None = None,
    outranked: pa.Table | None = None,
) -> RowFile | None:
    """The rows rejected or absent now, and those of before of which this read says nothing."""
    model = work.model
    now = _rejected(work, extraction, []) if rejected is None else rejected
    before = owed.owed_rows(work.storage, model, work.head)
    in_full = work.mode is SyncMode.FULL and not work.reads_nothing
    owing = [now]
    if not in_full:
        was_rejected = owed.of_kind(before, owed.REJECTED)
        reread = work.mode is SyncMode.INCREMENTAL and not work.reads_nothing
        kept = owed.with_key(was_rejected, model, known=False) if reread else was_rejected
        owing.append(_unless_seen(kept, now, seen, model))
    if absent is not None:
        reason = "missing from a full read that was not proven complete"
        owing.append(owed.from_keys(absent, model, owed.ABSENT, reason))
    elif not in_full:
        owing.append(_unless_seen(owed.of_kind(before, owed.ABSENT), now, seen, model))
    if outranked is not None:
        owing.append(outranked)
    elif not in_full:
        owing.append(owed.of_kind(before, owed.OUTRANKED))
    rows = pa.concat_tables([part.select(owed.schema(model).names) for part in owing])
    return owed.write(rows, model, work.path("unread.parquet"), work.name("unread.parquet")) if len(rows) else None


def _unless_seen(rows: pa.Table, now: pa.Table, seen: pa.Table | None, model: DataModel) -> pa.Table:
    rows = owed.without(rows, owed.with_key(now, model).select(list(model.key)), model)
    return rows if seen is None else owed.without(rows, seen, model)


def _delta(work: Work, extraction: Extraction, layers: Layers, owing: RowFile | None, doubled: int = 0) -> Delta:
    return Delta(
        snapshot=layers,
        owed=owing,
        cursors=_cursors(work, extraction, rejected=bool(extraction.rejections or doubled)),
        read=extraction.read,
        missing=extraction.missing,
        is_empty_read=work.mode is SyncMode.FULL and extraction.read == 0 and not work.reads_nothing,
    )


def _cursors(work: Work, extraction: Extraction, *, rejected: bool) -> dict[str, Cursor]:
    """Where the next incremental read starts. A from-date read moves nothing, unless it was the first (R10)."""
    in_full = work.mode is SyncMode.FULL and not work.reads_nothing
    now = read_fingerprint(work.sync, work.model, work.connection.source.identity())
    known = {} if in_full and work.head.read != now else dict(work.head.cursors)  # a part that is missing starts anew
    if work.reads_nothing or (work.mode is SyncMode.FROM_DATE and not work.head.is_new):
        return known
    if rejected and not work.connection.source.rereads:
        return known  # Invariant 9: what was rejected is read again
    return known | extraction.cursors
