"""Finding files in a folder, and never outside of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from syncline import ConfigError, Missing

_LISTED = 10


def find(folder: Path, origin: str) -> list[Path]:
    """The files that a name or a pattern such as `2024/*.csv` stands for, sorted; hidden ones must be named.

    Raises:
        Missing: there is none.
        ConfigError: it would lie outside of the folder.
    """
    check_inside(origin)
    if (folder / origin).is_file():
        found = [folder / origin]
    else:
        found = [path for path in sorted(folder.glob(origin)) if path.is_file() and not _is_hidden(path, folder)]
    if not found:
        raise Missing(f"there is no file `{origin}` in {folder}", hint=_what_is_there(folder))
    for path in found:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(f"the file {part(path, folder)} leads out of {folder}", hint="put the file itself there")
    return found


def part(path: Path, folder: Path) -> str:
    """The name of a file within the folder, the same on every system."""
    return path.relative_to(folder).as_posix()


def check(folder: Path) -> None:
    """Make sure that the folder is there.

    Raises:
        Missing: it is not.
    """
    if not folder.is_dir():
        raise Missing(f"there is no folder {folder}", hint="check `folder:` of the source")


def check_inside(origin: str) -> None:
    """Make sure that a name leads nowhere else.

    Raises:
        ConfigError: it does.
    """
    names = {*PurePosixPath(origin).parts, *PureWindowsPath(origin).parts}
    if not origin or ".." in names or PurePosixPath(origin).is_absolute() or PureWindowsPath(origin).anchor:
        raise ConfigError(f"`from: {origin}` is not a file in the folder of the source", hint="name it from there on")


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(name.startswith(".") for name in path.relative_to(folder).parts)


def _what_is_there(folder: Path) -> str:
    return told([path.name for path in sorted(folder.iterdir()) if not _is_hidden(path, folder)])


def told(names: Sequence[str]) -> str:
    """What is there instead."""
    if not names:
        return "the folder is empty"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"there are {', '.join(names[:_LISTED])}{more}"
