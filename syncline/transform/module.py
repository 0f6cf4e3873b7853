"""Finds a user's module and loads it as it is now, without a trace in what others import."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

from syncline.errors import ConfigError

_LOCK = RLock()


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A module, and the files of the same folder that it was made of, as they were."""

    module: ModuleType
    digests: dict[Path, str]

    @property
    def is_fresh(self) -> bool:
        return all(path.exists() and digest(path) == known for path, known in self.digests.items())


_MODULES: dict[tuple[Path | None, str], _Loaded] = {}


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def located(module: str, folder: Path | None) -> Path:
    """The file of a module: in `folder`, else where Python finds it; it is not run.

    Raises:
        ConfigError: there is none.
    """
    if folder is not None and (inside := _inside(module, folder)):
        return inside
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        place = f"{'/'.join(module.split('.'))}.py into {folder}" if folder else f"a package with {module} here"
        raise ConfigError(f"there is no module `{module}`", hint=f"put {place}")
    return Path(spec.origin)


def function(name: str, folder: Path | None) -> Any:
    """What `module:function` names, as its file is now.

    Raises:
        ConfigError: there is no such module or function, or the module cannot be loaded.
    """
    module, _, wanted = name.partition(":")
    loaded = _loaded(module, folder)
    found = getattr(loaded, wanted, None)
    if callable(found):
        return found
    known = [one for one, value in vars(loaded).items() if getattr(value, "__module__", "") == loaded.__name__]
    near = get_close_matches(wanted, known, 1)
    meant = f"did you mean `{near[0]}`? " if near else ""
    raise ConfigError(f"`{module}` has no function `{wanted}`", hint=f"{meant}it has {', '.join(known) or 'none'}")


def _inside(module: str, folder: Path) -> Path | None:
    path = folder.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _loaded(module: str, folder: Path | None) -> ModuleType:
    file = located(module, folder)
    home = folder if folder is not None and _inside(module, folder) else None
    with _LOCK:
        known = _MODULES.get((home, module))
        if known is None or not known.is_fresh:
            known = _MODULES[home, module] = _load(module, file, home)
            _listen(known.module)
        return known.module


def _listen(module: ModuleType) -> None:
    """What its functions tell goes to the log of the run, not their warnings alone; unless it says otherwise itself."""
    logger = logging.getLogger(module.__name__)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


def _load(module: str, file: Path, home: Path | None) -> _Loaded:
    digests = {file: digest(file)}
    try:
        if home is not None:
            with _alone(module, home) as beside:
                loaded = importlib.import_module(module)
            return _Loaded(loaded, digests | {path: digest(path) for path in beside})
        if module in sys.modules and (None, module) in _MODULES:
            return _Loaded(importlib.reload(sys.modules[module]), digests)
        return _Loaded(importlib.import_module(module), digests)
    except (Exception, SystemExit) as error:  # whatever a user's module raises
        raise ConfigError(f"`{module}` cannot be loaded: {told(error)}", hint=_line(error, file)) from error


def told(error: BaseException) -> str:
    """An error of the user's code in words: its kind, and the first line of what it says."""
    said = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _line(error: BaseException, file: Path) -> str:
    """The last line of the user's file that was reached."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"look at {Path(error.filename).name}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"look at {file.name}:{lines[-1]}" if lines else ""


@contextmanager
def _alone(module: str, folder: Path) -> Iterator[set[Path]]:
    """Modules are looked for in `folder` first; afterwards all is as it was. Gives the files that were loaded there."""
    others = {name for name in set(map(_top, sys.modules)) if _hides(name, folder)} | {_top(module)}
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if _top(name) in others}
    before, writes = set(sys.modules), sys.dont_write_bytecode
    there, loaded = {_top(name) for name in before}, set[Path]()
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # byte code is known by the second, so a quick change might be missed
    importlib.invalidate_caches()
    try:
        yield loaded
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = writes
        for name in [name for name in set(sys.modules) - before if _top(name) not in there]:
            if places := _within(sys.modules[name], folder):
                loaded |= {place for place in places if place.is_file()}
                del sys.modules[name]
        sys.modules.update(hidden)


def _top(module: str) -> str:
    return module.partition(".")[0]


def _hides(module: str, folder: Path) -> bool:
    """A module of this name is loaded, but it is not the one in `folder`."""
    return _inside(module, folder) is not None and not (module in sys.modules and _within(sys.modules[module], folder))


def _within(module: ModuleType, folder: Path) -> list[Path]:
    """The places of a module that lie in `folder` itself, not in an environment beside."""
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    own = folder / _top(module.__name__)
    return [Path(place) for place in places if (place and Path(place).is_relative_to(own)) or place == f"{own}.py"]
