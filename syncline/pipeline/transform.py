"""Transform: what changed at the source -> what must change at the destination, within the limits."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from syncline import diff, owed, snapshot
from syncline.changes import OP, PART, STALE, Difference, RowFile, columns, keys
from syncline.engine import Engine, opened
from syncline.model import SyncMode
from syncline.pipeline import work as works
from syncline.pipeline.limit import is_over, reason
from syncline.pipeline.plan import Plan
from syncline.pipeline.work import Delta, Work
from syncline.plain import no_rows
from syncline.run import Head
from syncline.snapshot import Layers
from syncline.statement import listed


def transform(work: Work, delta: Delta) -> Plan:
    """The plan: changes for the destination, and the head it leads to. Safe to repeat.

    Only changed and owed rows are looked at; what they sent before is looked up in *sent* (R13). Deletions over
    the limit are held back, all of them (R25).
    """
    before = owed.owed_rows(work.storage, work.model, work.head)
    differing = owed.of_kind(before, owed.REFUSED, owed.WITHHELD)
    over = is_over(work, delta.difference.deleted, is_empty_read=delta.is_empty_read)
    if not (work.sends_all or len(differing) or over):
        return _as_it_is(work, delta)
    with opened(work.storage.root) as engine:
        return _looked_up(engine, work, delta, differing)


def _as_it_is(work: Work, delta: Delta) -> Plan:
    """Nothing is owed, so what changed at the source is what changes at the destination."""
    head = _head(work, delta, delta.snapshot, _unread(work, delta))
    return replace(_plan(work, head), files=delta.files, before=delta.before, difference=delta.difference)


def _looked_up(engine: Engine, work: Work, delta: Delta, differing: pa.Table) -> Plan:
    """Compare what the rows are now with what was sent of them."""
    model, locate = work.model, work.storage.path
    engine.run(f"CREATE TEMP VIEW now AS {snapshot.relation(delta.snapshot, model, locate)}")
    known = f"ANTI JOIN (SELECT {listed(keys(model))} FROM now WHERE {STALE} > 1) USING ({listed(keys(model))})"
    after = f"SELECT * FROM now WHERE {STALE} < 2"
    before = f"SELECT * FROM ({snapshot.relation(work.sent, model, locate)}) {known}"
    if not work.sends_all:
        engine.register("differing", differing.select(list(model.key)).rename_columns(keys(model)))
        key = listed(keys(model))
        changed = snapshot.incoming(delta.files, model, locate)
        engine.run(f"CREATE TEMP TABLE asked AS SELECT {key} FROM differing UNION SELECT {key} FROM ({changed})")
        after = f"SELECT * FROM ({after}) SEMI JOIN asked USING ({key})"
        before = f"SELECT * FROM ({before}) SEMI JOIN asked USING ({key})"
    slices = diff.sliced(engine, model, "SELECT * FROM now", delta.snapshot.rows) if work.sends_all else ["true"]
    diff.compare(engine, model, before, after, same="true" if work.request.resend else "false", slices=slices)
    withheld = _withhold(engine, work, delta, owed.of_kind(differing, owed.WITHHELD))
    difference = diff.counted(engine)
    held = _held(engine, work, len(withheld))
    owing = pa.concat_tables([_unread(work, delta), withheld])
    head = _head(work, delta, _with(delta.snapshot, held, len(withheld)), owing)
    return _written(engine, work, _plan(work, head), difference)


def _with(layers: Layers, held: tuple[RowFile, ...], rows: int) -> Layers:
    """What was sent is the snapshot, but for the rows held back."""
    return layers.with_delta(held, inserted=rows, deleted=0) if held else layers


def _withhold(engine: Engine, work: Work, delta: Delta, waiting: pa.Table) -> pa.Table:
    """Take the deletions that must wait out of the changes, into the table `held`; their keys as owed rows (R25)."""
    model, key = work.model, listed(keys(work.model))
    engine.register("approved", _approved(work, waiting).rename_columns(keys(model)))
    engine.register("waiting", waiting.select(list(model.key)).rename_columns(keys(model)))
    deletions = f"SELECT * FROM {diff.CHANGES} WHERE {OP} = 'delete'"
    engine.run(f"CREATE TEMP TABLE held AS SELECT * FROM ({deletions}) ANTI JOIN approved USING ({key})")
    if not is_over(work, engine.number("SELECT count(*) FROM held"), is_empty_read=delta.is_empty_read):
        engine.run(f"CREATE OR REPLACE TEMP TABLE held AS SELECT * FROM held SEMI JOIN waiting USING ({key})")
    same = listed([f"{diff.CHANGES}.{column} = held.{column}" for column in keys(model)], " AND ")
    engine.run(f"DELETE FROM {diff.CHANGES} USING held WHERE {same}")
    held = engine.table(f"SELECT {key} FROM held ORDER BY ALL").rename_columns(list(model.key)).cast(model.key_schema)
    new = held.join(waiting.select(list(model.key)), list(model.key), join_type="left anti")
    still = waiting.join(held, list(model.key), join_type="left semi").select(waiting.column_names)
    why = reason(work, is_empty_read=delta.is_empty_read)
    return pa.concat_tables([still, owed.from_keys(new, model, owed.WITHHELD, why)])


def _approved(work: Work, waiting: pa.Table) -> pa.Table:
    """The keys that were shown and approved, as far as they may go now (R26)."""
    key = list(work.model.key)
    if not work.approved:
        return waiting.select(key).slice(0, 0)
    shown = owed.read(work.storage.path(f"{work.home}/{work.approved}/owed.parquet"), work.model)
    return owed.of_kind(shown, owed.WITHHELD, owed.ABSENT).select(key)


def _held(engine: Engine, work: Work, count: int) -> tuple[RowFile, ...]:
    """The rows that stay at the destination although the source has let them go, as *sent* must know them."""
    if not count:
        return ()
    engine.write(
        f"SELECT {listed([*columns(work.model), PART])}, 'insert' AS {OP} FROM held", work.path("held.parquet")
    )
    return (RowFile.of(work.model, work.name("held.parquet"), count),)


def _written(engine: Engine, work: Work, plan: Plan, difference: Difference) -> Plan:
    if not len(difference):
        return plan
    diff.write(engine, work.model, work.path("changes.parquet"), work.path("previous.parquet"))
    files = (RowFile.of(work.model, work.name("changes.parquet"), len(difference)),)
    before = (RowFile.of(work.model, work.name("previous.parquet"), difference.updated),) if difference.updated else ()
    return replace(plan, files=files, before=before, difference=difference)


def _unread(work: Work, delta: Delta) -> pa.Table:
    """What the read left owed: rejected and absent rows."""
    if delta.owed is None:
        return no_rows(owed.schema(work.model))
    return owed.read(work.storage.path(delta.owed.name), work.model)


def _plan(work: Work, head: Head) -> Plan:
    return Plan(work.id, work.folder, work.model, work.sync.target, work.destination, work.fence, head)


def _head(work: Work, delta: Delta, sent: Layers, owing: pa.Table) -> Head:
    """Where the model stands once the plan is loaded whole."""
    sync, sending = work.sync, works.send_fingerprint(work.sync, work.model)
    head = replace(
        work.head,
        snapshot=delta.snapshot,
        sent=sent,
        cursors=delta.cursors,
        key=work.model.key,
        read=_read(work),
        send=sending,
        destination=work.destination,
        target=works.target(sync.target),
        promised="",
        published=work.head.published if work.head.send == sending else "",
    )
    return owing_head(work, head, owing)


def _read(work: Work) -> str:
    """How the source was read: neither an approval nor a later read from a date stands for a full one (R5)."""
    if work.approved or (work.mode is SyncMode.FROM_DATE and not work.head.is_new):
        return work.head.read
    return works.read_fingerprint(work.sync, work.model, work.connection.source.identity())


def owing_head(work: Work, head: Head, owing: pa.Table) -> Head:
    """The head with these rows owed. The list of before is kept where it says the same, so that nothing moves."""
    if not len(owing):
        return replace(head, owed=None, owing={})
    order = [(column, "ascending") for column in owing.column_names]
    if work.head.owed is not None and owed.owed_rows(work.storage, work.model, work.head).sort_by(
        order
    ) == owing.sort_by(order):
        return replace(head, owed=work.head.owed, owing=work.head.owing)
    file = owed.write(owing, work.model, work.path("owed.parquet"), work.name("owed.parquet"))
    return replace(head, owed=file, owing=owed.counts(owing))
