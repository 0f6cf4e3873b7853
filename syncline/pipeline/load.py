"""Load: a promised plan into the destination -> where the model stands after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from syncline import owed
from syncline.changes import OP, PART, Difference, RowFile, columns, keys, physical
from syncline.connector import Load
from syncline.engine import Engine, opened
from syncline.model import Rejection
from syncline.pipeline.plan import Plan
from syncline.pipeline.transform import owing_head
from syncline.pipeline.work import Loaded, Work
from syncline.run import Head
from syncline.snapshot import Layers, incoming
from syncline.statement import listed
from syncline.storage import settle


def load(work: Work, plan: Plan) -> Loaded:
    """Have the destination take the plan. Safe to repeat, as far as the destination can (R20, Invariant 5).

    Rows that it refuses are owed: *sent* says what the destination holds of them, which is what was there before.

    Raises:
        TransientError: try again.
        LeaseLost: another run has taken over (R21).
    """
    destination = work.connection.destination
    if destination is None:
        return _whole(plan)
    destination.prepare(plan.model, plan.target)  # R22
    request = Load(
        model=plan.model,
        changes=plan.changeset(work.storage),
        target=plan.target,
        plan=plan.id,
        scope=work.scope,
        fence=work.fence,
        at=plan.at,
        guard=work.guard,
        progress=work.report,
    )
    with plan.attempt(work.storage):
        refused = destination.load(request)
    return _less(work, plan, refused) if refused else _whole(plan)


def _whole(plan: Plan) -> Loaded:
    return Loaded(replace(plan.head, plan=plan.id), _done(plan, plan.difference))


def _done(plan: Plan, difference: Difference) -> Difference:
    """What became of the rows at the destination: deletions that it is to ignore are none (R12)."""
    return replace(difference, deleted=0) if plan.target.on_delete == "ignore" else difference


def _less(work: Work, plan: Plan, rejections: Sequence[Rejection]) -> Loaded:
    """The plan without what was refused."""
    head = replace(plan.head, plan=plan.id)
    place = replace(work, id=plan.id, folder=plan.folder, head=head)
    refused = owed.from_rejections(rejections, plan.model, owed.REFUSED)
    with opened(work.storage.root) as engine:
        engine.register("refused", refused.rename_columns([*keys(plan.model), owed.KIND, owed.REASON]))
        sent, counts = _corrected(engine, place, plan, head.sent)
        named = _at_source(engine, work, plan, refused)
    owing = owed.together([owed.owed_rows(work.storage, work.model, head), named])
    head = owing_head(_beside(place), replace(head, sent=sent), owing)
    _settle(work, head)
    whole = plan.difference
    taken = Difference(
        whole.inserted - counts.get("delete", 0),
        whole.updated - counts.get("update", 0),
        whole.deleted - counts.get("insert", 0),
    )
    if not len(taken) and head.published and head.published == work.head.plan:
        # the files show already what the destination holds
        head = replace(head, published=plan.id)
    return Loaded(head, _done(plan, taken))


def _at_source(engine: Engine, work: Work, plan: Plan, refused: pa.Table) -> pa.Table:
    """The refused rows by their rows at the source: where one took the place of another's, both are owed."""
    origin = plan.files[0].source_key
    if origin == plan.model.key:
        same = plan.model.key_schema == work.model.key_schema
        columns = None if same else owed.of_made(plan.model)
        keys_alone = refused.select(list(plan.model.key))
        return owed.from_keys(keys_alone, work.model, owed.REFUSED, refused.column(owed.REASON), columns)
    key, kept = listed(keys(plan.model)), plan.files[0].model(plan.model.key)
    named = listed([f"{physical(kept.schema.get_field_index(name))} AS o{i}" for i, name in enumerate(origin)])
    rows = incoming((*plan.files, *plan.before), kept, work.storage.path)
    shown = listed([f"o{i}" for i in range(len(origin))])
    query = f"SELECT {shown}, min({owed.REASON}) FROM refused LEFT JOIN (SELECT {key}, {named} FROM ({rows}))"
    found = engine.table(f"{query} USING ({key}) GROUP BY ALL")
    reasons = found.column(len(origin)).cast(pa.string())
    return owed.from_keys(found.select(range(len(origin))), work.model, owed.REFUSED, reasons)


def _beside(work: Work) -> Work:
    """A place for what is owed after the load: the plan's own list stays as it is, for the plan may be loaded again."""
    return replace(work, folder=f"{work.folder}-loaded")


def _settle(work: Work, head: Head) -> None:
    """Have the disk keep what the head will name."""
    for file in (head.owed, *head.sent.files[-1:]):
        if file is not None:
            path = work.storage.path(file.name)
            settle(path)
            settle(path.parent)


def _corrected(engine: Engine, work: Work, plan: Plan, sent: Layers) -> tuple[Layers, dict[str, int]]:
    """*sent* with the refused rows as they were: an insert never came, updates and deletes left the row as it was."""
    kept = plan.files[0].model(plan.model.key)
    key, shown = listed(keys(kept)), listed([*columns(kept), PART])
    changes = f"({incoming(plan.files, kept, work.storage.path)}) SEMI JOIN refused USING ({key})"
    before = f"({incoming(plan.before, kept, work.storage.path)}) SEMI JOIN refused USING ({key})"
    query = (
        f"SELECT {shown}, CASE {OP} WHEN 'insert' THEN 'delete' ELSE 'insert' END AS {OP} "
        f"FROM {changes} WHERE {OP} <> 'update' "
        f"UNION ALL SELECT {shown}, 'update' AS {OP} FROM {before}"
    )
    engine.write(query, work.path("refused.parquet"))
    counts = dict(engine.rows(f"SELECT {OP}, count(*) FROM ({query}) GROUP BY {OP}"))
    file = RowFile.of(kept, work.name("refused.parquet"), sum(counts.values()))
    return sent.with_delta((file,), inserted=counts.get("insert", 0), deleted=counts.get("delete", 0)), counts
