"""A connection as its file declares it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pyarrow as pa

from syncline import datatype
from syncline.config.node import Node, load
from syncline.config.publication import publications
from syncline.config.setting import connector, duration
from syncline.config.settings import limits, named
from syncline.connection import Connection, Limits, ModelSync, Schedule
from syncline.connector import Destination, OnDelete, Source, Target, destination_kind, source_kind
from syncline.errors import ConfigError
from syncline.model import SyncMode

_KEYS = ["connection", "source", "destination", "features", "limits", "models"]
_MODEL_KEYS = [
    "from", "key", "columns", "cursor", "overlap", "schedule", "to", "on_delete", "publish", "priority", "limits",
]  # fmt: skip
_LATER = ["fields", "transform", "filter", "deleted_when", "sources"]
_CRON = re.compile(r"(?:[\w*/,\-#]+\s+){4}[\w*/,\-#]+")


def load_connection(path: Path, workspace: Path, default: Limits | None = None) -> Connection:
    """The connection that a YAML file declares; its name is the file's where `connection:` is left out.

    Relative paths start at the folder `workspace`; `default` are the limits of the workspace.

    Raises:
        ConfigError: something in it is wrong; says where, and what would be right.
    """
    root = load(path, path.relative_to(workspace).as_posix() if path.is_relative_to(workspace) else str(path))
    found = root.mapping(_KEYS, later=["sources"])
    for key in ("source", "models"):
        if key not in found:
            root.wrong(f"`{key}` is missing", f"add `{key}: …`")
    features = _features(found["features"]) if "features" in found else frozenset(SyncMode)
    general = limits(found.get("limits"), default or Limits())
    destination = _destination(found["destination"], workspace) if "destination" in found else None
    models = found["models"].mapping()
    if not models:
        found["models"].wrong("there are no models", "add `NAME: {from: table}`")
    at = found.get("connection", root)
    name = named(at, at.text() if "connection" in found else path.stem)
    declared = tuple(_model(model, node, general, features, destination) for model, node in models.items())
    return Connection(name, _source(found["source"], workspace), destination, declared, features, root.where)


def _source(node: Node, folder: Path) -> Source:
    return connector(node, _kind(node, source_kind), folder)


def _destination(node: Node, folder: Path) -> Destination:
    return connector(node, _kind(node, destination_kind), folder)


def _kind(node: Node, find: Any) -> Any:
    found = node.mapping()
    if "kind" not in found:
        node.wrong(f"`kind` is missing in `{node.name}`", "e.g. `kind: sql`")
    try:
        return find(found["kind"].text())
    except ConfigError as error:
        found["kind"].wrong(error.message, error.hint)


def _features(node: Node) -> frozenset[SyncMode]:
    """The modes that may be asked for; a date needs the cursor that incremental runs have, so it comes with them."""
    modes = {SyncMode(item.choice(list(SyncMode))) for item in node.items()}
    if not modes & {SyncMode.INCREMENTAL, SyncMode.FULL}:
        node.wrong("neither incremental nor full is enabled", "`features: [incremental, full]`")  # P1.13
    return frozenset(modes | ({SyncMode.FROM_DATE} if SyncMode.INCREMENTAL in modes else set()))


def _model(
    model: str, node: Node, general: Limits, features: frozenset[SyncMode], destination: Destination | None
) -> ModelSync:
    named(node, model)
    found = node.mapping(_MODEL_KEYS, later=_LATER)
    if "from" not in found:
        node.wrong(f"model {model}: `from` is missing", "say which table or file: `from: invoice`")
    publish = publications(found["publish"]) if "publish" in found else ()
    if destination is None and not publish:
        node.wrong(f"model {model} goes nowhere", "add a `destination:` to the connection, or `publish:` to the model")
    return ModelSync(
        name=model,
        origin=found["from"].text(),
        target=_target(model, found),
        key=found["key"].texts() if "key" in found else (),
        columns=_columns(found["columns"]) if "columns" in found else None,
        cursor=found["cursor"].text() if "cursor" in found else None,
        overlap=duration(found["overlap"]) if "overlap" in found else None,
        schedule=_schedule(found["schedule"], features) if "schedule" in found else None,
        publish=publish,
        limits=limits(found.get("limits"), general),
        priority=found["priority"].integer() if "priority" in found else 0,
        where=node.where,
    )


def _target(model: str, found: Mapping[str, Node]) -> Target:
    to = found["to"].mapping(["table", "shared"]) if "to" in found else {}
    table = to["table"].text() if "table" in to else model.lower()
    on_delete: Any = found["on_delete"].choice(get_args(OnDelete)) if "on_delete" in found else "delete"
    return Target(table, on_delete, shared="shared" in to and to["shared"].flag())


def _columns(node: Node) -> pa.Schema:
    columns = []
    for column, kind in node.mapping().items():
        try:
            columns.append(pa.field(column, datatype.parse(kind.text())))
        except ConfigError as error:
            kind.wrong(f"column `{column}`: {error.message}", error.hint)
    return pa.schema(columns)


def _schedule(node: Node, features: frozenset[SyncMode]) -> Schedule:
    found = node.mapping(["every", "cron", "timezone", "mode"])
    if ("every" in found) == ("cron" in found):
        node.wrong("a schedule has either `every` or `cron`", "e.g. `schedule: {every: 15m}`")
    every = duration(found["every"]) if "every" in found else None
    if every is not None and not every:
        found["every"].unfit("longer than nothing")
    cron = found["cron"].text().strip() if "cron" in found else None
    if cron is not None and not _CRON.fullmatch(cron):
        found["cron"].unfit("five fields: minute hour day month weekday, as in `0 6 * * 1-5`")
    return Schedule(every, cron, _timezone(found.get("timezone")), _mode(found.get("mode"), features))


def _timezone(node: Node | None) -> str:
    if node is None:
        return "UTC"
    try:
        return ZoneInfo(node.text()).key
    except (KeyError, ValueError, OSError):
        node.unfit("a time zone such as Europe/Berlin")


def _mode(node: Node | None, features: frozenset[SyncMode]) -> SyncMode:
    if node is None:
        return SyncMode.INCREMENTAL if SyncMode.INCREMENTAL in features else SyncMode.FULL
    mode = SyncMode(node.choice([SyncMode.INCREMENTAL, SyncMode.FULL]))  # P3.4: from a date is a person's choice
    if mode not in features:
        node.wrong(f"the connection does not allow {mode} runs", f"allowed are {', '.join(sorted(features))}")
    return mode
