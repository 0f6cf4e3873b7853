"""A folder of connections, its store and its files: the composition root."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from weakref import finalize

from syncline.config import Explained, Settings, clashes, explained, load_connection, load_settings
from syncline.config.setting import anchored
from syncline.connection import Connection
from syncline.errors import ConfigError
from syncline.people import People, checked_tenant
from syncline.pushed.reading import readers, supplied
from syncline.pushed.source import Supply
from syncline.pushed.store import PushStore
from syncline.search import ServiceStore
from syncline.secret import Secret, kept_secret
from syncline.storage import Storage

if TYPE_CHECKING:
    from syncline.store import SqlStore
    from syncline.store.notice import Notices

SETTINGS, CONNECTIONS, OWN = "syncline.yaml", "connections", ".syncline"


_READING = RLock()


@dataclass(frozen=True)
class _Loaded:
    """What the files of connections say, all of them read at one time."""

    connections: Mapping[str, Connection]
    errors: Mapping[str, ConfigError]

    @cached_property
    def clashes(self) -> Mapping[tuple[str, str], ConfigError]:
        return clashes(self.connections.values())


@dataclass(frozen=True)
class Workspace:
    """A folder with `syncline.yaml` (optional) and `connections/*.yaml`.

    What Syncline keeps lies in `.syncline` within it, unless the settings or the variables SYNCLINE_DATABASE_URL and
    SYNCLINE_STORAGE_URL say otherwise. Nothing is opened before it is asked for.
    """

    folder: Path
    settings: Settings

    @classmethod
    def open(cls, folder: str | Path | None = None) -> Workspace:
        """The workspace in `folder`, else in SYNCLINE_WORKSPACE, else around the current folder.

        Raises:
            ConfigError: there is none, or its settings are wrong.
        """
        named = folder or os.environ.get("SYNCLINE_WORKSPACE")
        root = Path(named).resolve() if named else _around(Path.cwd())
        if "?" in str(root):
            raise ConfigError(
                f"the folder {root} has a ? in its name, which addresses of databases cannot", hint="rename it"
            )
        if not root.is_dir():
            raise ConfigError(f"there is no folder {root}", hint="make a workspace there: syncline init FOLDER")
        if not _is_workspace(root):
            message = f"{root} is no workspace: it has neither {SETTINGS} nor {CONNECTIONS}/"
            raise ConfigError(message, hint="make it one: syncline init FOLDER")
        file = root / SETTINGS
        return cls(root, load_settings(file) if file.exists() else Settings())

    @cached_property
    def own(self) -> Path:
        """The folder for what Syncline keeps; not for git."""
        folder = self.folder / OWN
        try:
            folder.mkdir(exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            hint = "set SYNCLINE_DATABASE_URL and SYNCLINE_STORAGE_URL, or make it writable"
            raise ConfigError(f"{folder} cannot be written: {error.strerror}", hint=hint) from error
        return folder

    @cached_property
    def store(self) -> ServiceStore:
        """The memory of this workspace.

        Raises:
            ConfigError: the database cannot be reached.
        """
        return self._memory

    def store_of(self, tenant: str) -> ServiceStore:
        """The memory of another company, in the same database (Invariant 10)."""
        return (
            self.store
            if tenant == self.settings.tenant
            else replace(self._memory, tenant=checked_tenant(tenant), hooks=())
        )

    def people(self, tenant: str | None = None, *, actor: str = "system", address: str = "") -> People:
        """Who may do what: in this workspace's company or in another, as `actor` asks for it."""
        from syncline.store.people import SqlPeople  # noqa: PLC0415 - most commands ask for nobody

        home = self.settings.tenant
        return SqlPeople(self._memory.database, checked_tenant(tenant or home), actor, address, home)

    def pushed(self, tenant: str | None = None) -> PushStore:
        """What others have pushed to this workspace's company, or to another."""
        from syncline.store.pushed import SqlPushed  # noqa: PLC0415 - with the store

        return SqlPushed(self._memory.database, checked_tenant(tenant or self.settings.tenant))

    @property
    def notices(self) -> Notices:
        """What the webhooks of this workspace are still to be told."""
        from syncline.store.notice import Notices  # noqa: PLC0415 - with the store

        return Notices(self._memory.database, self.settings.tenant)

    @cached_property
    def _supply(self) -> Supply:
        return Supply(self.settings.push, self.pushed, self._passed)

    def _passed(self, model: str) -> list[int]:
        """How far the connections have come that read this pushed model; those that never did hold up nobody."""
        found = []
        for connection in self.connections.values():
            for name, part in readers(connection, model):
                cursor = self.store.head(connection.name, name).cursors.get(part)
                found += [cursor] if isinstance(cursor, int) else []
        return found

    @cached_property
    def _memory(self) -> SqlStore:
        from syncline.store import open_store  # noqa: PLC0415 - most of a start; `--help` and `check` need none

        url = os.environ.get("SYNCLINE_DATABASE_URL") or self.settings.database
        if not url:
            url = f"sqlite:///{(self.own / 'store.db').as_posix()}"
        url = anchored(url, self.folder)
        address = url.reveal() if isinstance(url, Secret) else url
        store = open_store(address, tenant=self.settings.tenant, hooks=self.settings.webhooks)
        finalize(self, store.database.close)  # at the latest when the program ends
        return store

    @cached_property
    def storage(self) -> Storage:
        """Where snapshots, plans and publications lie.

        Raises:
            ConfigError: it is a kind of storage that is not there yet, or cannot be written.
        """
        place = os.environ.get("SYNCLINE_STORAGE_URL") or self.settings.storage
        folder = self.folder / _local(place) if place else self.own / "storage"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"the storage {folder} cannot be written: {error.strerror}") from error
        return Storage(folder)

    @cached_property
    def seal(self) -> bytes:
        """What links are signed with: everybody who runs this workspace has the same (`web: {secret: …}`).

        Raises:
            ConfigError: it cannot be kept.
        """
        told = self.settings.web.secret.reveal()
        return told.encode() if told else kept_secret(self.own / "seal")

    @property
    def connections(self) -> Mapping[str, Connection]:
        """The connections that can be used, by name; what is wrong with the others stands in `errors`."""
        return self._loaded.connections

    @property
    def errors(self) -> Mapping[str, ConfigError]:
        """What is wrong with connections that cannot be used, by the name of the file."""
        return self._loaded.errors

    @property
    def clashes(self) -> Mapping[tuple[str, str], ConfigError]:
        """Why models, by connection and name, must not run: they write where another does, or what they read (R23)."""
        return self._loaded.clashes

    def reread(self) -> None:
        """Look at the files of connections again: somebody has changed them."""
        with _READING:
            self.__dict__["_files"] = self._load()

    def look_again(self) -> None:
        """Look at the files of connections again if any of them has changed; quick if none has."""
        with _READING:
            if (seen := _stamps(self.folder / CONNECTIONS)) != self.__dict__.get("_seen"):
                self.reread()
                self.__dict__["_seen"] = seen

    def connection(self, name: str) -> Connection:
        """The connection of this name.

        Raises:
            ConfigError: its file is wrong, one of its models must not run, or there is none; the known ones are listed.
        """
        if name in self.connections:
            for model in self.connections[name].models:
                if clash := self.clashes.get((name, model.name)):
                    raise clash
            return self.connections[name]
        if name in self.errors:
            raise self.errors[name]
        if not self.connections and not self.errors:
            raise ConfigError(f"there are no connections in {self.folder / CONNECTIONS}", hint="syncline init")
        known = ", ".join(sorted({*self.connections, *self.errors}))
        raise ConfigError(f"unknown connection `{name}`", where=str(self.folder), hint=f"known are {known}")

    def explain(self, name: str) -> list[Explained]:
        """Where each setting of a connection comes from.

        Raises:
            ConfigError: its file is wrong, or there is none.
        """
        file = (self.connections.get(name) or self.connection(name)).where.rpartition(":")[0]
        return explained(self.folder / file, self.folder, self.settings)

    @property
    def _loaded(self) -> _Loaded:
        if "_files" not in self.__dict__:
            self.reread()
        loaded: _Loaded = self.__dict__["_files"]
        return loaded

    def _load(self) -> _Loaded:
        """One broken file must not hide the others."""
        found: dict[str, Connection] = {}
        errors: dict[str, ConfigError] = {}
        folder = self.folder / CONNECTIONS
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            try:
                connection = load_connection(file, self.folder, self.settings)
            except ConfigError as error:
                errors[file.stem if file.stem not in errors else file.name] = error
                continue
            connection = replace(connection, source=supplied(connection.source, self._supply))
            if connection.name in found:
                message = f"the connection `{connection.name}` is declared in {found[connection.name].where} as well"
                errors[file.name] = ConfigError(message, where=connection.where, hint="rename one of them")
            else:
                found[connection.name] = connection
        return _Loaded(found, errors)


def _is_workspace(folder: Path) -> bool:
    return (folder / SETTINGS).is_file() or (folder / CONNECTIONS).is_dir()


def _stamps(folder: Path) -> list[tuple[str, int, int]]:
    """What tells that a file of a folder has changed."""
    try:
        with os.scandir(folder) as files:
            found = [(file.name, file.stat()) for file in files]
    except OSError:
        return []
    return sorted((name, stamp.st_mtime_ns, stamp.st_size) for name, stamp in found)


def _around(start: Path) -> Path:
    for folder in (start, *start.parents):
        if _is_workspace(folder):
            return folder
    message = f"there is no workspace here: neither {start} nor a folder above it has {SETTINGS} or {CONNECTIONS}/"
    raise ConfigError(message, hint="make one: syncline init")


def _local(place: str) -> Path:
    """The path of a storage that is a folder."""
    text = place.reveal() if isinstance(place, Secret) else place
    parts = urlsplit(text)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if "://" in text:
        hint = "use a folder or a file:// URL"
        raise ConfigError(f"storage of the kind {parts.scheme}:// is not there yet", hint=hint)
    return Path(text)
