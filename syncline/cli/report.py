"""Runs, told at the end and looked at later."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.cli.screen import lasting, moment, note, number, table
from syncline.connection import ModelSync
from syncline.publication import latest, located
from syncline.run import ModelRun, Run, RunResult, RunStatus
from syncline.status import UNPUBLISHED
from syncline.workspace import Workspace

_RARE = ["rejected", "withheld"]
_COUNTS = ["read", "inserted", "updated", "deleted", *_RARE]
DONE, FAILED, OWING = 0, 1, 3


def exit_code(run: Run) -> int:
    """0 done, 1 a model failed, 3 done but rows were rejected or withheld."""
    if run.status is RunStatus.FAILED or any(model.status is RunStatus.FAILED for model in run.models):
        return FAILED
    return OWING if run.result is RunResult.PARTIAL else DONE


def worst(codes: Sequence[int]) -> int:
    """The exit code of several runs: a failure, else a wrong setting, else something owed."""
    return min((code for code in codes if code), default=DONE)


def show_runs(runs: Sequence[Run], workspace: Workspace) -> None:
    """What became of the models of these runs, and what a person can do about what did not go through."""
    show_models(runs)
    for run in runs:
        for line in (*failures(run), *advice(run, workspace), *_left(run, workspace)):
            note(line)


def show_published(workspace: Workspace, runs: Sequence[Run]) -> None:
    """Where the files are that these runs have made."""
    for run in runs:
        for model in run.models:
            for file in model.files:
                note(f"{run.connection} {model.model}: {latest(located(workspace.storage.root, file))}")


def show_models(runs: Sequence[Run]) -> None:
    """One table of the models of these runs."""
    lines = [_line(run, model) for run in runs for model in run.models]
    if not lines:
        return
    titles = [name for name in lines[0] if name not in _RARE or any(line[name] != "0" for line in lines)]
    if len({run.connection for run in runs}) == 1:
        titles.remove("connection")
    table(titles, [[line[name] for name in titles] for line in lines], right=[*_COUNTS, "time"])


def failures(run: Run) -> list[str]:
    """What failed, was missing or held back, and why."""
    lines = [
        f"{run.connection} {model.model}{' failed' if model.status is RunStatus.FAILED else ''}: {model.error}"
        for model in run.models
        if model.error
    ]
    error = run.infos.get("error")
    return lines or ([f"{run.connection} failed: {error}"] if error else [])


def advice(run: Run, workspace: Workspace) -> list[str]:
    """What a person can do about what was held back."""
    lines = []
    if any(model.counts.withheld for model in run.models):
        lines.append(f"Deletions wait for you: syncline approve {run.connection}")
    lines += [
        f"Publish it all the same: syncline files publish {run.connection} --model {model.model} --force"
        for model in run.models
        if UNPUBLISHED in model.error and model.status is RunStatus.SUCCEEDED
    ]
    rejected = {model.model for model in run.models if model.counts.rejected}
    if rejected:
        lines.append(f"Rows were rejected; the reasons: syncline show {run.id[:8]}")
    heads = workspace.store.heads(run.connection) if rejected else {}
    unread = {name for name in rejected & heads.keys() if heads[name].owing.get("rejected")}
    if any(model.cursor and model.name in unread for model in _models(run, workspace)):
        lines.append(f"A row whose key has been mended since stays listed until: syncline run {run.connection} --full")
    return lines


def _left(run: Run, workspace: Workspace) -> list[str]:
    """Models that were taken out of the file: nothing happens to them, and nothing is forgotten (R5)."""
    models = {model.name for model in _models(run, workspace)}
    left = sorted(workspace.store.heads(run.connection).keys() - models) if models else []
    file = workspace.connections[run.connection].where.rpartition(":")[0] if left else ""
    way_out = f"syncline forget {run.connection}"
    return [f"{run.connection} {name} is no longer in {file}; its table stays. {way_out} {name}" for name in left]


def _models(run: Run, workspace: Workspace) -> Sequence[ModelSync]:
    """The models of a run's connection as they are declared now; none if the connection is gone."""
    connection = workspace.connections.get(run.connection)
    return connection.models if connection else ()


def show_list(runs: Sequence[Run]) -> None:
    """One line a run."""
    titles = ["run", "connection", "started", "time", "changes", "owed", "result"]
    table(titles, [_summary(run) for run in runs], right=["time", "changes", "owed"])


def _summary(run: Run) -> list[str]:
    counts = [model.counts for model in run.models]
    changed = sum(one.inserted + one.updated + one.deleted for one in counts)
    owed = sum(one.rejected + one.withheld for one in counts)
    start = run.started_at or run.created_at
    figures = [lasting(start, run.ended_at), number(changed), number(owed)]
    return [run.id[:8], run.connection, moment(start)[:-3], *figures, run.result or run.status]


def _line(run: Run, model: ModelRun) -> dict[str, str]:
    return {
        "connection": run.connection,
        "model": model.model,
        "mode": model.mode,
        **{name: number(getattr(model.counts, name)) for name in _COUNTS},
        "time": lasting(model.started_at, model.ended_at),
        "result": model.result or model.status,
    }
