"""What a run has sent, and what is owed now, as it is kept in files: to be looked at, row by row."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from syncline.changes import Changeset
from syncline.owed import KIND, REASON
from syncline.pipeline.plan import Plan
from syncline.pipeline.work import home
from syncline.plain import no_rows
from syncline.run import Head, ModelRun, Run
from syncline.storage import Storage


def plan_of(run: Run, model: ModelRun, storage: Storage) -> Plan | None:
    """The plan of one model's part of a run; None: nothing was sent (P2.29).

    Raises:
        DataError: it is no longer kept.
    """
    if not model.plan:
        return None
    return Plan.load(storage, f"{home(run.tenant, run.connection, model.model)}/{model.plan}/plan.json")


def sent(run: Run, model: ModelRun, storage: Storage) -> Changeset | None:
    """The changeset of one model's part of a run; None: nothing was sent (P2.29).

    Raises:
        DataError: its files are no longer kept.
    """
    plan = plan_of(run, model, storage)
    return plan.changeset(storage) if plan else None


def owed_now(head: Head, storage: Storage) -> pa.Table:
    """The rows that are owed: the columns that name them, `kind` and `reason`.

    Raises:
        DataError: their file is missing (R4).
    """
    if head.owed is None:
        return no_rows(pa.schema([(KIND, pa.string()), (REASON, pa.string())]))
    rows = pq.read_table(storage.path(head.owed.name), partitioning=None)
    return rows.rename_columns([*head.owed.columns, *rows.column_names[len(head.owed.columns) :]])


def keeps_list(storage: Storage, tenant: str, connection: str, model: str, shown: str) -> bool:
    """Whether the list of what was owed is still kept that somebody was shown (R26)."""
    return (storage.root / home(tenant, connection, model) / shown / "owed.parquet").exists()
