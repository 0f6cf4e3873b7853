"""Connections that the service writes: files like those that people write, each told by what stands in it."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import yaml

from syncline.config import clashes, load_connection
from syncline.config.stranger import KEPT, check_stranger
from syncline.connection import Connection
from syncline.errors import ConfigError, ConfigErrors, SynclineError
from syncline.secret import Secret, resolve
from syncline.storage import settle
from syncline.workspace import CONNECTIONS, Workspace

Given: TypeAlias = Mapping[str, Any]
FIRST = "# Written by the API, which may change it again. Without this line it is yours, and it does not.\n"
_SECRETS = "secrets"
_OURS = re.compile(rf"\$\{{file:[^}}]*/{_SECRETS}/[^}}]*\}}")
_DEEPEST = 20


class Exists(SynclineError):
    """There is a connection of this name already."""


class Moved(SynclineError):
    """Somebody has changed the connection since it was looked at."""


class NotOurs(SynclineError):
    """A person has written it."""


@dataclass(frozen=True, slots=True)
class Authored:
    """The files of connections, as the API may write them.

    Each has a tag, which is another one after any change; who changes or removes one names the tag they have seen.
    What is said as `{"secret": "…"}` is written to a file that only this user of the machine can read; where it is
    shown, and may be sent again to leave it as it is, it stands as `{"secret": null}`.
    """

    workspace: Workspace

    def tag(self, name: str) -> str:
        """What stands in the file of a connection, in short."""
        return hashlib.sha256(self._file(name).read_bytes()).hexdigest()[:32]

    def has(self, name: str) -> bool:
        """Whether there is a file of this name, also one that cannot be used as it is."""
        return name in self.workspace.connections or (name in self.workspace.errors and self._file(name).is_file())

    def is_ours(self, name: str) -> bool:
        """The API has written it, and no person has made it theirs."""
        return self._file(name).read_bytes().startswith(FIRST.encode())

    def read(self, name: str) -> dict[str, Any]:
        """What a connection says that the API has written.

        Raises:
            NotOurs: a person has written it: there may be secrets in it.
        """
        self._check_ours(name)
        return dict(_mapped(self._given(name), _shown))

    def check(self, name: str) -> None:
        """See that a connection that the API has written still leads nowhere it may not.

        Raises:
            ConfigError: it does, for a name stands for another machine by now, or the workspace allows less.
        """
        if self.is_ours(name):
            given = _mapped(self._given(name), lambda _, leaf: resolve(leaf) if _is_ours(leaf) else leaf)
            check_stranger(given, self.workspace.settings)

    def create(self, name: str, given: Given) -> Connection:
        """Write the file of a new connection.

        Raises:
            Exists: there is one of this name.
            ConfigError: it cannot be used, or names what may not come in by the API.
        """
        with self._alone():
            known = {each.lower() for each in (*self.workspace.connections, *self.workspace.errors)}
            file = self.workspace.folder / CONNECTIONS / f"{name}.yaml"
            if name.lower() in known or file.exists():
                raise Exists(f"there is a connection `{name}` already", hint="choose another name, or change that one")
            return self._write(name, file, given, {})

    def change(self, name: str, given: Given, seen: str) -> Connection:
        """Put this in the place of what the file of a connection says.

        Raises:
            Moved: it is not what was seen.
            NotOurs: a person has written it, and the workspace does not say `api: {edit: true}`.
            ConfigError: it cannot be used, or names what may not come in by the API.
        """
        with self._alone():
            self._check(name, seen)
            before = self._given(name) if self.is_ours(name) else {}
            return self._write(name, self._file(name), given, before)

    def remove(self, name: str, seen: str) -> None:
        """Remove the file of a connection; what is known of its models stays until they are forgotten (R5).

        Raises:
            Moved, NotOurs: as `change` does.
        """
        with self._alone():
            self._check(name, seen)
            self._file(name).unlink()
            shutil.rmtree(self._secrets(name), ignore_errors=True)
            self.workspace.reread()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes meanwhile, in this process or another; what they wrote before is known."""
        with (self.workspace.own / "connections.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.workspace.look_again()
            yield

    def _file(self, name: str) -> Path:
        if name in self.workspace.connections:
            return self.workspace.folder / self.workspace.connections[name].where.rpartition(":")[0]
        return self.workspace.folder / CONNECTIONS / f"{name}.yaml"

    def _given(self, name: str) -> dict[str, Any]:
        """What the file says; nothing, where a person has made it something else than YAML with keys."""
        try:
            found = yaml.safe_load(self._file(name).read_bytes())
        except (yaml.YAMLError, ValueError):  # also a date that is none
            return {}
        return found if isinstance(found, dict) else {}

    def _check(self, name: str, seen: str) -> None:
        if not self.workspace.settings.api.edit:
            self._check_ours(name)
        if seen != self.tag(name):
            raise Moved(f"connection `{name}` has been changed since", hint="look at it again")

    def _check_ours(self, name: str) -> None:
        if not self.is_ours(name):
            hint = "it is changed in its file; `api: {edit: true}` in syncline.yaml lets the API replace it"
            raise NotOurs(f"connection `{name}` was written by a person", hint=hint)

    def _write(self, name: str, file: Path, given: Given, before: Given) -> Connection:
        known = dict(_leaves(before))
        meant = _mapped({**given, "connection": name}, lambda way, leaf: _meant(way, leaf, known))
        check_stranger(meant, self.workspace.settings)
        home = self._secrets(name)
        folder = home / uuid4().hex
        try:
            text = yaml.safe_dump(_mapped(meant, lambda _, leaf: _kept(leaf, folder)), sort_keys=False)
            self._try(name, text)
            _put(file, FIRST + text)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        for old in home.glob("*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
        self.workspace.reread()
        return self.workspace.connections[name]

    def _try(self, name: str, text: str) -> None:
        """See that this is a connection that can be used beside the others."""
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, f"{name}.yaml")
            place.write_text(text, encoding="utf-8")
            try:
                made = load_connection(place, self.workspace.folder, self.workspace.settings)
            except ConfigError as error:
                raise _placeless(error) from error
        others = [each for each in self.workspace.connections.values() if each.name != name]
        for (connection, _), clash in clashes([*others, made]).items():
            if connection == name:
                raise _placeless(clash)

    def _secrets(self, name: str) -> Path:
        return self.workspace.own / _SECRETS / name


def _leaves(given: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    """What is no list and no mapping, each with the way to it; `{"secret": …}` is one thing."""
    if isinstance(given, Mapping) and set(given) != {KEPT}:
        for key, value in given.items():
            yield from _leaves(value, f"{way}.{key}")
    elif isinstance(given, list):
        for index, value in enumerate(given):
            yield from _leaves(value, f"{way}[{index}]")
    else:
        yield way, given


def _mapped(given: Any, change: Callable[[str, Any], Any], way: str = "", depth: int = 0) -> Any:
    """The same with other leaves."""
    if depth > _DEEPEST:
        raise ConfigError(f"this is deeper than {_DEEPEST} levels")
    if isinstance(given, Mapping) and set(given) != {KEPT}:
        return {_text(key): _mapped(value, change, f"{way}.{key}", depth + 1) for key, value in given.items()}
    if isinstance(given, list):
        return [_mapped(value, change, f"{way}[{index}]", depth + 1) for index, value in enumerate(given)]
    return change(way, given)


def _meant(way: str, leaf: Any, before: Mapping[str, Any]) -> Any:
    """A secret as such: the one that is sent, or the one that was kept."""
    if not isinstance(leaf, Mapping):
        return _text(leaf) if isinstance(leaf, str) else leaf
    if isinstance(leaf[KEPT], str):
        return Secret(_text(leaf[KEPT]))
    if leaf[KEPT] is not None or not _is_ours(before.get(way)):
        raise ConfigError(f"`{way.lstrip('.')}`: no secret is kept there", hint='{"secret": "…"}')
    return resolve(before[way])


def _kept(leaf: Any, folder: Path) -> Any:
    """What stands in the file: of a secret, where it is kept."""
    if not isinstance(leaf, Secret):
        return leaf
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = folder / uuid4().hex
    place.touch(mode=0o600, exist_ok=False)
    place.write_text(leaf.reveal(), encoding="utf-8")
    return f"${{file:{place.as_posix()}}}"


def _shown(_way: str, leaf: Any) -> Any:
    return {KEPT: None} if _is_ours(leaf) else leaf


def _is_ours(leaf: Any) -> bool:
    """It is a reference to a secret that was sent."""
    return isinstance(leaf, str) and bool(_OURS.fullmatch(leaf))


def _text(text: str) -> str:
    if "\0" in text or not _is_unicode(text):
        raise ConfigError("a text has no U+0000 and no half of a pair in it")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _put(file: Path, text: str) -> None:
    """Write a file that is whole, or not there."""
    unfinished = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        file.parent.mkdir(exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise ConfigError(f"the connections cannot be written: {error.strerror}") from error
    settle(file.parent)


def _placeless(error: ConfigError) -> ConfigError:
    """The same for whom lines of a file mean nothing, and who knows secrets by what they have sent."""
    each = [ConfigError(_OURS.sub(f"{{{KEPT}: …}}", one.message), hint=one.hint) for one in error.each]
    return each[0] if len(each) == 1 else ConfigErrors(each)
