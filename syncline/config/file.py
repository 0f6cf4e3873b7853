"""A YAML file, read as it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from syncline.config.node import TAG, Node
from syncline.errors import ConfigError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as quick


def load(path: Path, shown: str, scope: str = "") -> Node:
    """What stands in a YAML file, in an empty one nothing; `shown` is the file's name in messages.

    Raises:
        ConfigError: it cannot be read, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = yaml.compose(text, Loader=_LOADER)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=shown) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError("is not UTF-8 text", where=f"{shown}:{line}", hint="save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise _not_yaml(error, text, shown) from error
    if raw is None:
        return Node(shown, "", yaml.ScalarNode(f"{TAG}null", "", yaml.Mark(shown, 0, 0, 0, "", 0)), scope=scope)
    _refuse_circles(raw, shown)
    return Node(shown, "", raw, scope=scope)


def _not_yaml(error: yaml.YAMLError, text: str, shown: str) -> ConfigError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be understood"
    where = f"{shown}:{mark.line + 1}" if mark else shown
    lines = text.splitlines()
    has_tab = mark is not None and mark.line < len(lines) and "\t" in lines[mark.line]
    hint = "indent with spaces, not tabs" if has_tab else "mind colons, quotes and indents"
    return ConfigError(f"this is not YAML: {problem}", where=where, hint=hint)


def _refuse_circles(root: yaml.Node, shown: str) -> None:
    """An alias within itself would never end."""
    inside: set[int] = set()
    done: set[int] = set()

    def visit(raw: yaml.Node) -> None:
        if id(raw) in inside:
            raise ConfigError("an alias contains itself", where=f"{shown}:{raw.start_mark.line + 1}")
        if id(raw) in done or isinstance(raw, yaml.ScalarNode):
            return
        inside.add(id(raw))
        for child in raw.value:
            for part in child if isinstance(child, tuple) else (child,):
                visit(part)
        inside.remove(id(raw))
        done.add(id(raw))

    visit(root)
