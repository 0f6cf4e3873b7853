"""When a model is synced next by its schedule."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from syncline.connection import Schedule
from syncline.errors import ConfigError

START = datetime(2020, 1, 1, tzinfo=UTC)
"""From when intervals are counted, so that a restart moves nobody's turn."""


def spread(name: str, every: timedelta) -> timedelta:
    """When within the interval a model has its turn: always the same, and each model at another time.

    Example:
        >>> spread("default/chinook/INVOICES", timedelta(minutes=15)) < timedelta(minutes=15)
        True
    """
    seconds = max(int(every.total_seconds()), 1)
    return timedelta(seconds=int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % seconds)


def next_due(schedule: Schedule | None, name: str, now: datetime) -> datetime | None:
    """When the model `TENANT/CONNECTION/MODEL` has its next turn after `now`, in UTC; None: it has no schedule.

    Raises:
        ConfigError: the cron line can never come true.

    Example:
        >>> next_due(Schedule(cron="0 3 * * *"), "default/shop/PETS", datetime(2026, 1, 1, 12, tzinfo=UTC)).isoformat()
        '2026-01-02T03:00:00+00:00'
    """
    if schedule is None:
        return None
    if schedule.cron:
        return _cron(schedule.cron, schedule.timezone, now)
    if schedule.every is None:
        return None
    anchor = START + spread(name, schedule.every)
    return anchor + ((now - anchor) // schedule.every + 1) * schedule.every


def _cron(line: str, zone: str, now: datetime) -> datetime:
    try:
        return next(CronSim(line, now.astimezone(ZoneInfo(zone)))).astimezone(UTC)
    except (CronSimError, StopIteration) as error:
        raise ConfigError(f"`{line}` is no time that ever comes", hint="e.g. 0 3 * * *") from error
