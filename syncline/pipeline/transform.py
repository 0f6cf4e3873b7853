"""Transform: what changed at the source -> what must change at the destination, within the limits."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from syncline import diff, owed, snapshot
from syncline.changes import STALE, Difference, RowFile, keys
from syncline.engine import Engine, opened
from syncline.errors import DataError
from syncline.model import SyncMode
from syncline.pipeline import work as works
from syncline.pipeline.hold import hold
from syncline.pipeline.limit import is_over
from syncline.pipeline.make import make
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

    Raises:
        ConfigError: the transform cannot be carried out.
        DataError: it fails as a whole, or for too many rows.
    """
    before = owed.owed_rows(work.storage, work.model, work.head)
    differing = owed.with_columns(owed.of_kind(before, owed.FAILED, owed.REFUSED, owed.WITHHELD), work.owing)
    if work.compares_all or len(differing):
        return _compared(work, delta, differing)
    if not work.is_transformed:
        over = is_over(work, delta.difference.deleted, is_empty=delta.is_empty_read)
        return _compared(work, delta, differing) if over or delta.moved else _as_it_is(work, delta)
    return _compared(work, delta, differing) if delta.files else _plan(work, _head(work, delta, work.sent))


def _as_it_is(work: Work, delta: Delta) -> Plan:
    """Nothing is owed, so what changed at the source is what changes at the destination."""
    plan = _plan(work, _head(work, delta, delta.snapshot))
    return replace(plan, files=delta.files, before=delta.before, difference=delta.difference)


def _compared(work: Work, delta: Delta, differing: pa.Table) -> Plan:
    with opened(work.storage.root) as engine:
        return _looked_up(engine, work, delta, differing)


def _looked_up(engine: Engine, work: Work, delta: Delta, differing: pa.Table) -> Plan:
    """Compare what the rows are now with what was sent of them."""
    model, locate = work.kept, work.storage.path
    engine.run(f"CREATE TEMP VIEW now AS {snapshot.relation(delta.snapshot, work.model, locate)}")
    engine.run(f"CREATE TEMP VIEW sent AS {snapshot.relation(work.sent, model, locate)}")
    if work.is_whole:
        _require_known(engine, work)
    elif not work.compares_all:
        key = listed(keys(work.model))
        engine.register("differing", differing.select(list(work.model.key)).rename_columns(keys(work.model)))
        changed = snapshot.incoming(delta.files, work.model, locate)
        engine.run(f"CREATE TEMP TABLE asked AS SELECT {key} FROM differing UNION SELECT {key} FROM ({changed})")
    making = make(engine, work, differing)
    if making.is_plain and not work.sent.files and not len(differing):
        return _all_new(work, delta, making.rows)
    diff.compare(
        engine,
        model,
        "SELECT * FROM before",
        "SELECT * FROM after",
        same="true" if work.request.resend else "false",
        slices=_slices(engine, work, delta),
        parts=False,
    )
    is_all = work.compares_all or work.is_whole
    held = hold(engine, work, delta, differing, makes_nothing=work.is_transformed and is_all and not making.rows)
    head = _head(work, delta, Layers(), making.failed, held.owing)
    plan = _written(engine, work, _plan(work, head), diff.counted(engine))
    return replace(plan, head=replace(plan.head, sent=_sent(engine, work, delta, plan, held.correction)))


def _all_new(work: Work, delta: Delta, rows: int) -> Plan:
    """Nothing was sent before, so what was made is what changes."""
    plan = _plan(work, _head(work, delta, work.sent))
    if not rows:
        return plan
    work.path("made.parquet").replace(work.path("changes.parquet"))
    files = (RowFile.of(work.kept, work.name("changes.parquet"), rows),)
    sent = work.sent.with_delta(files, inserted=rows, deleted=0)
    return replace(plan, files=files, difference=Difference(rows), head=replace(plan.head, sent=sent))


def _require_known(engine: Engine, work: Work) -> None:
    """What is made of all rows together wants all of them."""
    if engine.number(f"SELECT count(*) FROM now WHERE {STALE} > 1"):
        message = f"model {work.model.name}: rows were kept with other types than today's"
        raise DataError(message, where=work.sync.where, hint=f"syncline run {work.connection.name} --full")


def _slices(engine: Engine, work: Work, delta: Delta) -> list[str]:
    if not work.compares_all or work.is_transformed:
        return ["true"]
    return diff.sliced(engine, work.kept, "SELECT * FROM now", delta.snapshot.rows)


def _written(engine: Engine, work: Work, plan: Plan, difference: Difference) -> Plan:
    if not len(difference):
        return plan
    diff.write(engine, work.kept, work.path("changes.parquet"), work.path("previous.parquet"))
    files = (RowFile.of(work.kept, work.name("changes.parquet"), len(difference)),)
    before = (RowFile.of(work.kept, work.name("previous.parquet"), difference.updated),) if difference.updated else ()
    return replace(plan, files=files, before=before, difference=difference)


def _sent(engine: Engine, work: Work, delta: Delta, plan: Plan, held: Difference) -> Layers:
    """What the destination holds once the plan is loaded."""
    if not work.is_transformed:  # the snapshot, but for what was held back
        file = RowFile.of(work.kept, work.name("held.parquet"), len(held))
        correction = (file,) if len(held) else ()
        return delta.snapshot.with_delta(correction, inserted=held.inserted, deleted=held.deleted)
    if not len(plan):
        return work.sent
    change = plan.difference
    layers = work.sent.with_delta(plan.files, inserted=change.inserted, deleted=change.deleted)
    if layers.wants_folding and not snapshot.has_stale(engine, layers, work.kept, work.storage.path):
        name = "sent.parquet"
        return snapshot.fold(engine, layers, work.kept, work.storage.path, work.path(name), work.name(name))
    return layers


def _plan(work: Work, head: Head) -> Plan:
    return Plan(work.id, work.folder, work.made, work.sync.target, work.destination, work.fence, head)


def _head(work: Work, delta: Delta, sent: Layers, *owing: pa.Table) -> Head:
    """Where the model stands once the plan is loaded whole; beside what the read left owed, these rows are."""
    sending = works.send_fingerprint(work.sync, work.made)
    head = replace(
        work.head,
        snapshot=delta.snapshot,
        sent=sent,
        cursors=delta.cursors,
        key=work.model.key,
        made_key=works.key_of(work.made),
        read=_read(work),
        send=sending,
        destination=work.destination,
        target=works.target(work.sync.target),
        promised="",
        published=work.head.published if work.head.send == sending else "",
    )
    return owing_head(work, head, owed.together([_unread(work, delta), *owing]))


def _read(work: Work) -> str:
    """How the source was read: a full read changes it, and nothing that reads less does (R5)."""
    if work.reads_nothing or (work.mode is SyncMode.FROM_DATE and not work.head.is_new):
        return work.head.read
    return works.read_fingerprint(work.sync, work.model, work.connection.source.identity())


def _unread(work: Work, delta: Delta) -> pa.Table:
    """What the read left owed: rejected and absent rows."""
    if delta.owed is None:
        return no_rows(owed.schema(work.model))
    return owed.read(work.storage.path(delta.owed.name), work.model)


def owing_head(work: Work, head: Head, owing: pa.Table) -> Head:
    """The head with these rows owed. The list of before is kept where it says the same, so that nothing moves."""
    if not len(owing):
        return replace(head, owed=None, owing={})
    if work.head.owed is not None and _alike(owed.owed_rows(work.storage, work.model, work.head), owing):
        return replace(head, owed=work.head.owed, owing=work.head.owing)
    file = owed.write(owing, work.model, work.path("owed.parquet"), work.name("owed.parquet"))
    return replace(head, owed=file, owing=owed.counts(owing))


def _alike(before: pa.Table, now: pa.Table) -> bool:
    order = [(column, "ascending") for column in now.column_names]
    return before.schema == now.schema and before.sort_by(order) == now.sort_by(order)
