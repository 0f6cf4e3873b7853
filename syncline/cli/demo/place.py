"""Where the demo plays: a folder made anew each time, out of reach of settings that are meant for real work."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncline.cli.demo.shop import read_fixture, write_shop
from syncline.errors import ConfigError
from syncline.workspace import OWN

_CONNECTION = Path(__file__).with_name("chinook.yaml")
_DATABASES = ("chinook.db", "warehouse.db")
_ANOTHER = "choose another: syncline demo --folder FOLDER"
_SETTINGS = ("SYNCLINE_", "PREFECT_")


def make_workspace(folder: Path) -> None:
    """A workspace with the connection `chinook` and the shop's database; what an earlier demo left is removed.

    Nothing else is: neither other files nor a connection that somebody has changed.

    Raises:
        ConfigError: the folder is not one of the demo's, it cannot be written, or the data is not installed.
    """
    connection = folder / "connections" / _CONNECTION.name
    text = _CONNECTION.read_text(encoding="utf-8")
    rows = read_fixture()
    try:
        _check_ours(folder, connection, text)
        _remove_traces(folder)
        connection.parent.mkdir(parents=True, exist_ok=True)
        connection.write_text(text, encoding="utf-8")
        (folder / ".gitignore").write_text("".join(f"/{name}*\n" for name in _DATABASES), encoding="utf-8")
        write_shop(folder / _DATABASES[0], rows)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{folder} cannot be written: {reason}", hint=_ANOTHER) from error


@contextmanager
def sheltered(home: Path) -> Iterator[list[str]]:
    """While this lasts, no variable leads to a real store or server; gives the names of Syncline's that did.

    `home` is where Prefect keeps its things.
    """
    before = dict(os.environ)
    aside = [name for name in before if name.startswith(_SETTINGS)]
    for name in aside:
        del os.environ[name]
    home.mkdir(exist_ok=True)
    os.environ["PREFECT_HOME"] = str(home)
    try:
        yield sorted(name for name in aside if name.startswith(_SETTINGS[0]))
    finally:
        os.environ.clear()
        os.environ.update(before)


def command(folder: Path) -> str:
    """What to type to call this very program on the folder.

    Example: `.venv/bin/syncline -w demo-chinook`.
    """
    called = Path(sys.argv[0])
    if called.name == "syncline":
        known = shutil.which("syncline")
        program = "syncline" if known and Path(known).samefile(called) else _near(called)
    else:
        program = f"{_near(Path(sys.executable))} -m syncline"
    return f"{program} -w {shlex.quote(str(folder))}"


def _near(file: Path) -> str:
    """The path as one would type it here; a link in an environment's `bin` stays one."""
    here, whole = Path.cwd(), file.absolute()
    return shlex.quote(str(whole.relative_to(here) if whole.is_relative_to(here) else whole))


def _check_ours(folder: Path, connection: Path, text: str) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder", hint=_ANOTHER)
    if connection.is_file():
        if connection.read_text(encoding="utf-8", errors="replace") != text:
            raise ConfigError(
                "somebody has changed this file, so the demo leaves it", where=str(connection), hint=_ANOTHER
            )
    elif any(folder.iterdir()):
        raise ConfigError(f"the demo makes its folder anew, and {folder} holds something else", hint=_ANOTHER)


def _remove_traces(folder: Path) -> None:
    for name in _DATABASES:
        for file in folder.glob(f"{name}*"):
            file.unlink()
    if (folder / OWN).is_dir():
        shutil.rmtree(folder / OWN)
