"""Runs and their models, as rows and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, func, or_, select

from syncline.errors import ConfigError
from syncline.model import JSON
from syncline.request import Request
from syncline.run import Counts, ModelRun, Run, RunResult, RunStatus, RunType, Step
from syncline.search import Search
from syncline.store import tables
from syncline.store.tenant import Tenant

_RUN, _MODEL = tables.run.c, tables.model_run.c
_SAME = {
    "connection": "connection",
    "status": "status",
    "result": "result",
    "type": "type",
    "created_by": "create_by_user_id",
}
_LISTED = 3
"""How many runs are named where a beginning fits several."""


@dataclass(frozen=True, slots=True)
class History:
    """The runs of a tenant."""

    tenant: Tenant

    def add(self, connection: Connection, run: Run, sealed: str | None = None) -> None:
        """Note a new run."""
        connection.execute(self.tenant.insert(tables.run, **_values(run), sealed=sealed))

    def sealed(self, connection: Connection, run: str) -> str:
        """What is under seal of a run that waits; empty: nothing, or it waits no more."""
        query = self.tenant.select(tables.run).with_only_columns(_RUN.sealed).where(_RUN.id == run)
        return connection.execute(query).scalar_one_or_none() or ""

    def waiting(self, connection: Connection, run: str) -> Row[Any] | None:
        """The run of this id, locked, if it has not begun."""
        query = self.tenant.select(tables.run).where(_RUN.id == run, _RUN.status == RunStatus.SCHEDULED)
        return connection.execute(query.with_for_update()).one_or_none()

    def running(self, connection: Connection, run: str) -> Run | None:
        """The run of this id, which cannot end until the transaction does, if it goes on."""
        query = self.tenant.select(tables.run).where(_RUN.id == run, _RUN.status == RunStatus.RUNNING)
        return next(iter(self._read(connection, query.with_for_update())), None)

    def inform(self, connection: Connection, run: Run, infos: Mapping[str, JSON], moment: datetime) -> None:
        """Add to what is known of a run."""
        self._change(connection, run.id, infos={**run.infos, **infos}, updated_at=moment)

    def begin(self, connection: Connection, run: str, fence: int, flow_run: str | None, moment: datetime) -> Run:
        """Note that a scheduled run has begun.

        Raises:
            ConfigError: it does not wait any more.
        """
        if self.waiting(connection, run) is None:
            raise ConfigError(f"run {run} does not wait any more", hint="it was cancelled, or has begun already")
        begun = {"status": RunStatus.RUNNING, "started_at": moment, "updated_at": moment, "sealed": None}
        self._change(connection, run, fence=fence, flow_run=flow_run, **begun)
        return self.one(connection, run)

    def end(
        self,
        connection: Connection,
        run: str,
        status: RunStatus,
        result: RunResult,
        infos: Mapping[str, JSON],
        moment: datetime,
    ) -> None:
        """Note how a run ended; `infos` are added to what it has."""
        ended = {"status": status, "result": result, "ended_at": moment, "updated_at": moment, "sealed": None}
        self._change(connection, run, infos={**self.one(connection, run).infos, **infos}, **ended)

    def progress(self, connection: Connection, run: Run, model: ModelRun, moment: datetime) -> None:
        """Note how far a model of a run is."""
        values = _model_values(model)
        change = self.tenant.update(tables.model_run, **values)
        if not connection.execute(change.where(_MODEL.run == run.id, _MODEL.model == model.model)).rowcount:
            place = self._count(connection, run.id)
            connection.execute(
                self.tenant.insert(tables.model_run, run=run.id, place=place, created_at=run.created_at, **values)
            )
        self._change(connection, run.id, updated_at=moment)

    def one(self, connection: Connection, run: str) -> Run:
        """The run of exactly this id."""
        return self._read(connection, self.tenant.select(tables.run).where(_RUN.id == run))[0]

    def find(self, connection: Connection, beginning: str) -> Run:
        """The only run whose id begins so.

        Raises:
            ConfigError: there is none, or more than one.
        """
        wanted = beginning.strip().lower()
        query = self.tenant.select(tables.run).where(_begins(wanted))
        found = self._read(connection, query.limit(_LISTED)) if wanted else []
        if not found:
            raise ConfigError(f"there is no run `{beginning}`", hint="`syncline runs` lists them")
        if len(found) > 1:
            some = ", ".join(run.id for run in found)
            raise ConfigError(f"more than one run begins with `{beginning}`: {some}", hint="give more of its id")
        return found[0]

    def latest(self, connection: Connection, name: str | None, limit: int) -> list[Run]:
        """The latest runs, of the connection `name` or of all, newest first."""
        query = self.tenant.select(tables.run).where(_RUN.deleted_at.is_(None))
        if name is not None:
            query = query.where(_RUN.connection == name)
        return self._read(connection, query.order_by(_RUN.created_at.desc(), _RUN.fence.desc(), _RUN.id).limit(limit))

    def search(self, connection: Connection, wanted: Search) -> list[Run]:
        """The runs that are wanted, newest first."""
        query, when, id = self.tenant.select(tables.run), _RUN.created_at, _RUN.id
        if wanted.model is not None:
            of_run = and_(_MODEL.tenant == _RUN.tenant, _MODEL.run == _RUN.id)
            query = query.join(tables.model_run, of_run).where(_MODEL.model == wanted.model)
            when, id = _MODEL.created_at, _MODEL.run  # the same, where an index has them beside the model
        query = query.where(_RUN.deleted_at.is_(None), *_conditions(wanted, when, id))
        return self._read(connection, query.order_by(when.desc(), id.desc()).limit(wanted.limit))

    def _change(self, connection: Connection, run: str, **values: Any) -> None:
        connection.execute(self.tenant.update(tables.run, **values).where(_RUN.id == run))

    def _read(self, connection: Connection, query: Select[Any]) -> list[Run]:
        rows = connection.execute(query).all()
        models = self._models(connection, [row.id for row in rows])
        return [_run(row, models.get(row.id, ())) for row in rows]

    def _models(self, connection: Connection, runs: Sequence[str]) -> dict[str, tuple[ModelRun, ...]]:
        query = self.tenant.select(tables.model_run).where(_MODEL.run.in_(runs)).order_by(_MODEL.run, _MODEL.place)
        rows = connection.execute(query) if runs else ()
        return {run: tuple(_model(row) for row in group) for run, group in groupby(rows, lambda row: str(row.run))}

    def _count(self, connection: Connection, run: str) -> int:
        models = self.tenant.select(tables.model_run).where(_MODEL.run == run).subquery()
        return int(connection.execute(select(func.count()).select_from(models)).scalar_one())


def _conditions(wanted: Search, when: Column[Any], id: Column[Any]) -> Iterator[ColumnElement[bool]]:
    for name, column in _SAME.items():
        if (value := getattr(wanted, name)) is not None:
            yield _RUN[column] == value
    if wanted.begins is not None:
        yield _begins(wanted.begins)
    if wanted.fences:
        yield _RUN.fence.in_(wanted.fences)
    if wanted.since is not None:
        yield when >= wanted.since
    if wanted.until is not None:
        yield when < wanted.until
    if (place := wanted.after) is not None:
        yield when <= place.created_at  # this alone can use the index
        yield or_(when < place.created_at, id < place.run)


def _begins(text: str) -> ColumnElement[bool]:
    """Ids that begin so. `LIKE` cannot use the key, a range can: a `g` comes after whatever an id is made of."""
    return and_(_RUN.id >= text, _RUN.id < f"{text}g", _RUN.id.startswith(text, autoescape=True))


def _values(run: Run) -> dict[str, Any]:
    same = [field.name for field in fields(run) if field.name in _RUN and field.name not in {"tenant", "request"}]
    values = {name: getattr(run, name) for name in same}
    return {**values, "infos": dict(run.infos), "request": run.request.as_json(), "create_by_user_id": run.created_by}


def _run(row: Row[Any], models: tuple[ModelRun, ...]) -> Run:
    values = {name: value for name, value in row._mapping.items() if name != "sealed"}  # noqa: SLF001 - the public name of a row's dict
    values["created_by"] = values.pop("create_by_user_id")
    values["request"] = Request.parse(row.request)
    values["type"], values["status"] = RunType(row.type), RunStatus(row.status)
    values["result"] = row.result and RunResult(row.result)
    return Run(**values, models=models)


def _model_values(model: ModelRun) -> dict[str, Any]:
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    steps = [[step.name, step.started_at.isoformat()] for step in model.steps]
    return {**values, "counts": asdict(model.counts), "steps": steps, "files": list(model.files)}


def _model(row: Row[Any]) -> ModelRun:
    values = {field.name: getattr(row, field.name) for field in fields(ModelRun)}
    values["status"], values["result"] = RunStatus(row.status), row.result and RunResult(row.result)
    values["steps"] = tuple(Step(name, datetime.fromisoformat(started_at)) for name, started_at in row.steps)
    return ModelRun(**{**values, "counts": Counts(**row.counts), "files": tuple(row.files)})
