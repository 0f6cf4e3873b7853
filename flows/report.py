"""What people see in Prefect of a run: its last line, a table per model, a link per `latest`."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

from prefect.artifacts import acreate_link_artifact, acreate_table_artifact
from prefect.logging import get_run_logger

from syncline.pipeline import Listener, Session
from syncline.publication import latest, located
from syncline.run import Counts, ModelRun, Run, RunResult, RunStatus


class StepLog:
    """Listens to a run, and logs a line each time a model begins a step; passes on what it hears."""

    def __init__(self, also: Listener) -> None:
        self._also = also
        self._heard: dict[str, str] = {}

    def __call__(self, part: ModelRun) -> None:
        """Log it if the step is another one than before."""
        if part.status is RunStatus.RUNNING and self._heard.get(part.model) != part.step:
            self._heard[part.model] = part.step
            read = f", rows read: {part.counts.read:,}" if part.counts.read else ""
            get_run_logger().info("%s: %s%s", part.model, part.step, read)
        self._also(part)


def summary(run: Run) -> str:
    """A run in one line.

    Example: `3 models: 12 inserted, 4 updated, 0 deleted`.
    """
    failed = [part for part in run.models if part.status is RunStatus.FAILED]
    number = len(run.models)
    done = f"{number} model{'' if number == 1 else 's'}: {counted(_total(run))}"
    return done + "".join(f"; {part.model} failed: {part.error}" for part in failed)


def counted(counts: Counts) -> str:
    """What happened to the rows, in words; what waits or was refused only if there is any."""
    always = f"{counts.inserted:,} inserted, {counts.updated:,} updated, {counts.deleted:,} deleted"
    seldom = [f", {number:,} {name}" for name in ("rejected", "withheld") if (number := getattr(counts, name))]
    return always + "".join(seldom)


def has_failed(run: Run) -> bool:
    """Whether someone should look: an error, or a model that failed (R24); rows that wait are no failure."""
    return run.result in {RunResult.ERROR, RunResult.CANCELLED} or any(
        part.status is RunStatus.FAILED for part in run.models
    )


async def show(session: Session, part: ModelRun) -> None:
    """Leave a table of the model's run, and a link to each of its files."""
    connection = session.connection.name
    about = f"{connection}/{part.model}: {part.mode}, {part.result or part.status}"
    await acreate_table_artifact([_row(part)], key=key(connection, part.model), description=about)
    for file in part.files:
        address = latest(located(session.storage.root, file))
        name = _name(address, part.model)
        await acreate_link_artifact(
            link=_link(address),
            link_text=f"{part.model} {name}",
            key=key(connection, part.model, *reversed(name.split("/"))),
            description=f"The latest file of {connection}/{part.model}.",
        )


def key(*names: str) -> str:
    """The name of an artifact; Prefect takes small letters, digits and dashes only.

    Example:
        >>> key("chinook", "INVOICE_LINES")
        'chinook-invoice-lines'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower()).strip("-")


def _link(address: str) -> str:
    return address if "://" in address else Path(address).absolute().as_uri()


def _name(address: str, model: str) -> str:
    """What a file is called beside others of its model: `latest.csv`, or `prices/latest.csv`."""
    folder, name = address.split("/")[-2:]
    return name if folder == quote(model, safe="") else f"{folder}/{name}"


def _row(part: ModelRun) -> dict[str, object]:
    seconds = (part.ended_at - part.started_at).total_seconds() if part.ended_at and part.started_at else 0.0
    ended = {"seconds": round(seconds, 2), "files": ", ".join(part.files), "error": part.error}
    return {"model": part.model, "mode": part.mode, "result": str(part.result or ""), **asdict(part.counts), **ended}


def _total(run: Run) -> Counts:
    counts = [asdict(part.counts) for part in run.models]
    return Counts(**{name: sum(each[name] for each in counts) for name in asdict(Counts())})
