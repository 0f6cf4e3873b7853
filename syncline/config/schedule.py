"""When a model is synced by itself, as a file declares it."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, values, within
from syncline.config.node import Node
from syncline.config.setting import duration
from syncline.connection import Schedule
from syncline.model import SyncMode

_CRON = re.compile(r"(?:[\w*/,\-#]+\s+){4}[\w*/,\-#]+")
_MODES = [SyncMode.INCREMENTAL, SyncMode.FULL]  # P3.4: from a date is a person's choice


def _every(node: Node) -> timedelta:
    every = duration(node)
    if not every:
        node.unfit("longer than nothing")
    return every


def _cron(node: Node) -> str:
    cron = node.text().strip()
    if not _CRON.fullmatch(cron):
        node.unfit("five fields: minute hour day month weekday, as in `0 6 * * 1-5`")
    return cron


def _timezone(node: Node) -> str:
    try:
        return ZoneInfo(node.text()).key
    except (KeyError, ValueError, OSError):
        node.unfit("a time zone such as Europe/Berlin")


SCHEDULE: Keys = {
    "every": Key(_every, shape.duration("The interval, e.g. 15m."), rivals=("cron",)),
    "cron": Key(_cron, shape.text("Minute, hour, day, month, weekday, e.g. 0 6 * * 1-5."), rivals=("every",)),
    "timezone": Key(_timezone, shape.text("What the cron line means by an hour; left out: UTC.")),
    "mode": Key(lambda node: SyncMode(node.choice(_MODES)), shape.word("How much each run reads.", _MODES)),
}


def schedule(node: Node) -> Schedule | None:
    """The schedule in a `schedule:` mapping; None where it has only words for those of nearer scopes."""
    found = nodes(node, SCHEDULE)
    times = [key for key in ("every", "cron") if key in found]
    if len(times) > 1 or (not times and node.scope == "model"):
        node.wrong("a schedule has either `every` or `cron`", "e.g. `schedule: {every: 15m}`")
    read = values(found, SCHEDULE)
    return Schedule(**read) if times else None


def fitted(made: Schedule, node: Node, features: AbstractSet[SyncMode]) -> Schedule:
    """The schedule in a mode that the connection allows.

    Raises:
        ConfigError: it says another one.
    """
    mode = nodes(node, SCHEDULE).get("mode")
    if mode is None:
        return replace(made, mode=SyncMode.INCREMENTAL if SyncMode.INCREMENTAL in features else SyncMode.FULL)
    if made.mode not in features:
        mode.wrong(f"the connection does not allow {made.mode} runs", f"allowed are {', '.join(sorted(features))}")
    return made


KEY = within(schedule, "When it is synced by itself.", SCHEDULE)
