"""What a run is asked to do: one shape everywhere, from the command line to Prefect (R28)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from syncline.connection import Connection, ModelSync
from syncline.errors import ConfigError
from syncline.model import JSON, SyncMode
from syncline.secret import sealed, unsealed
from syncline.source_file import SourceFile

_LIST = re.compile(r"\w[\w%~.-]{0,254}", re.ASCII)
_KNOWN = ("full_sync", "data_models_to_sync", "resend", "approve", "update", "source_files")


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One model to sync; from a date, where one is given."""

    data_model: str
    sync_from: datetime | None = None

    def as_json(self) -> JSON:
        """The model as JSON, the way `Request.parse` takes it."""
        since = {} if self.sync_from is None else {"sync_from": self.sync_from.isoformat()}
        return {"data_model": self.data_model, **since}


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do (R28).

    Args:
        full_sync: read everything, and remove what is gone.
        data_models_to_sync: these models only; empty: all.
        resend: send everything, changed or not.
        update: read nothing: carry out changed settings with what is known of the source (R5).
        approve: model -> `Head.owed_list`, the list of withheld deletions that was shown and may go on (R26).
        source_files: files read in place of what the source reads by itself; without `full_sync` what is known of
            other files stays (P2.6).

    Example:
        >>> asked = {"data_models_to_sync": [{"data_model": "INVOICES", "sync_from": "2023-01-01"}]}
        >>> Request.parse(asked).data_models_to_sync[0].sync_from
        datetime.datetime(2023, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """

    full_sync: bool = False
    data_models_to_sync: tuple[ModelRequest, ...] = ()
    resend: bool = False
    approve: Mapping[str, str] = field(default_factory=dict)
    update: bool = False
    source_files: tuple[SourceFile, ...] = ()

    @classmethod
    def parse(cls, asked: Mapping[str, object]) -> Request:
        """Read a request as it comes from JSON.

        Raises:
            ConfigError: a key is unknown, a date is none, or `full_sync` stands beside a `sync_from`.
        """
        for key in asked:
            if key not in _KNOWN:
                raise ConfigError(f"a run has no parameter `{key}`", hint=f"known are {', '.join(_KNOWN)}")
        models = asked.get("data_models_to_sync") or []
        approve = asked.get("approve") or {}
        files = asked.get("source_files") or []
        if not isinstance(models, list) or not isinstance(approve, Mapping) or not isinstance(files, list):
            message = "`data_models_to_sync` and `source_files` are lists, `approve` is a map of model to plan"
            raise ConfigError(message)
        request = cls(
            full_sync=_flag(asked, "full_sync"),
            data_models_to_sync=tuple(_model_request(item) for item in models),
            resend=_flag(asked, "resend"),
            approve={str(model): _list(plan) for model, plan in approve.items()},
            update=_flag(asked, "update"),
            source_files=tuple(SourceFile.parse(item) for item in files),
        )
        if request.full_sync and any(item.sync_from for item in request.data_models_to_sync):
            raise ConfigError("`full_sync` and `sync_from` exclude each other", hint="leave one of them out")
        if request.update and (request.full_sync or any(item.sync_from for item in request.data_models_to_sync)):
            raise ConfigError("`update` reads nothing, so it goes with neither `full_sync` nor `sync_from`")
        return request

    def as_json(self) -> dict[str, JSON]:
        """The request as JSON, the way `parse` takes it, but for what is secret in addresses (R31)."""
        files: dict[str, JSON] = {"source_files": [file.as_json() for file in self.source_files]}
        return {
            "full_sync": self.full_sync,
            "data_models_to_sync": [item.as_json() for item in self.data_models_to_sync],
            "resend": self.resend,
            "approve": dict(self.approve),
            "update": self.update,
            **(files if self.source_files else {}),
        }

    def sealed(self, seal: bytes) -> str:
        """All of it, as nobody can read it who has another seal (R31)."""
        files: JSON = [file.revealed() for file in self.source_files]
        return sealed(seal, json.dumps(self.as_json() | {"source_files": files}))

    @classmethod
    def unsealed(cls, seal: bytes, text: str) -> Request:
        """The request that was sealed.

        Raises:
            ConfigError: with another seal.
        """
        return cls.parse(json.loads(unsealed(seal, text)))

    def models(self, connection: Connection) -> tuple[ModelSync, ...]:
        """The models to sync, in the order they run (R24).

        Raises:
            ConfigError: a model is unknown; the known ones are listed. Or different things are asked of one.
        """
        if doubled := _doubled(self.data_models_to_sync):
            raise ConfigError(f"`data_models_to_sync` says different things of {doubled}", hint="say it once")
        handed = {file.data_model for file in self.source_files}
        wanted = {item.data_model for item in self.data_models_to_sync} | set(self.approve) or handed - {""}
        for name in wanted | (handed - {""}):
            connection[name]
        found = tuple(model for model in connection.in_order() if not wanted or model.name in wanted)
        if "" in handed and len(found) > 1:
            hint = f"`data_model`: one of {', '.join(model.name for model in found)}"
            raise ConfigError("it is not said which model the files handed over are of", hint=hint)
        return found

    def covers(self, other: Request, connection: Connection) -> bool:
        """Whether a run of this request brings all that the other asks for (R29).

        Files that are handed over, approvals and updates are covered by themselves alone: a run asked for other things
        does not do them. A full read brings what any other brings, one from a date what one from a later date does.

        Raises:
            ConfigError: one of them does not fit the connection.
        """
        if other.source_files or self.source_files or self.approve != other.approve or self.update != other.update:
            return False
        mine, wanted = self.models(connection), other.models(connection)
        are_there = {model.name for model in wanted} <= {model.name for model in mine}
        resends = self.resend or not other.resend
        return are_there and resends and all(self._reads_for(other, connection, model) for model in wanted)

    def _reads_for(self, other: Request, connection: Connection, model: ModelSync) -> bool:
        mode, wanted = self.mode(connection, model), other.mode(connection, model)
        since, from_date = self.sync_from(model.name), other.sync_from(model.name)
        if since is not None and from_date is not None:
            return since <= from_date
        return mode in (wanted, SyncMode.FULL)

    def files(self, model: str) -> tuple[SourceFile, ...]:
        """The files handed over for a model."""
        return tuple(file for file in self.source_files if file.data_model in ("", model))

    def is_handed(self, model: str) -> bool:
        """Files were handed over for this model, and they need not be all there is."""
        return bool(self.files(model)) and not self.full_sync

    def sync_from(self, model: str) -> datetime | None:
        """From which date this model is to be synced, if from one."""
        return next((item.sync_from for item in self.data_models_to_sync if item.data_model == model), None)

    def mode(self, connection: Connection, model: ModelSync) -> SyncMode:
        """How much of the model is to be read (R28: incremental where it is enabled, else full).

        Raises:
            ConfigError: the connection does not allow it, or there is no cursor to tell what changed since a date.
        """
        if self.update:
            return SyncMode.INCREMENTAL
        if self.sync_from(model.name) is not None:
            wanted = SyncMode.FROM_DATE
        elif self.full_sync or SyncMode.INCREMENTAL not in connection.features:
            wanted = SyncMode.FULL
        else:
            wanted = SyncMode.INCREMENTAL
        if wanted not in connection.features:
            allowed = ", ".join(sorted(connection.features))
            raise ConfigError(
                f"connection {connection.name} does not allow {wanted} runs",
                where=connection.where,
                hint=f"allowed: {allowed}",
            )
        if wanted is SyncMode.FROM_DATE and model.cursor is None:
            message = f"model {model.name} has no cursor, so nothing tells what changed since a date"
            raise ConfigError(message, where=model.where, hint="add `cursor: <column>`, or run it in full")  # R10
        return wanted


def _doubled(models: tuple[ModelRequest, ...]) -> str:
    """A model that is asked for in two ways; empty: none is."""
    ways = dict[str, ModelRequest]()
    return next((item.data_model for item in models if ways.setdefault(item.data_model, item) != item), "")


def _flag(asked: Mapping[str, object], key: str) -> bool:
    value = asked.get(key, False)
    if not isinstance(value, bool):
        raise ConfigError(f"`{key}` is true or false, not {value!r}")
    return value


def _list(shown: object) -> str:
    """The name of a list of what is owed, which is that of a folder and can lead nowhere else."""
    if not isinstance(shown, str) or not _LIST.fullmatch(shown):
        raise ConfigError("`approve` names no list that was shown", hint='{"MODEL": "the list as it was shown"}')
    return shown


def _model_request(item: object) -> ModelRequest:
    if isinstance(item, str):
        return ModelRequest(item)
    if (
        not isinstance(item, Mapping)
        or not isinstance(item.get("data_model"), str)
        or set(item) - {"data_model", "sync_from"}
    ):
        raise ConfigError(f"not a model to sync: {item!r}", hint='{"data_model": NAME, "sync_from": DATE}')
    since = item.get("sync_from")
    return ModelRequest(item["data_model"], None if since is None else moment(since))


def moment(value: object) -> datetime:
    """A date or time as ISO 8601 text or as YAML reads it; without a zone it is UTC.

    Raises:
        ConfigError: it is none.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ConfigError(f"`{value}` is not a date", hint="e.g. 2023-01-31 or 2023-01-31T12:00:00Z") from error
    if not isinstance(value, datetime):
        raise ConfigError(f"`{value}` is not a date", hint="e.g. 2023-01-31")
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ConfigError(f"`{value}` is out of range", hint="e.g. 2023-01-31") from error
