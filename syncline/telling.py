"""Telling webhooks what becomes of runs, for as long as the service runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from syncline.errors import ConfigError, SynclineError, TransientError
from syncline.webhook import Notice, Webhook, tell
from syncline.workspace import Workspace

GIVEN_UP = timedelta(days=1)
"""After so long nobody is told any more."""
_FIRST, _MOST = 5.0, 3600.0
_IDLE = 1.0
_LOG = logging.getLogger("syncline.webhooks")


@contextmanager
def telling(workspace: Workspace, *, first: float = _FIRST, idle: float = _IDLE) -> Iterator[None]:
    """Tell the webhooks of the workspace what there is to be told, while the block runs.

    Args:
        workspace: whose.
        first: seconds until a notice that was not taken is sent again; twice as many each time after that.
        idle: seconds between two looks for something to tell.
    """
    if not workspace.settings.webhooks:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_tell_all, args=(workspace, stop, first, idle), name="webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def pause(tries: int, first: float = _FIRST) -> timedelta:
    """How long to wait after so many tries.

    Example:
        >>> [pause(tries).seconds for tries in (0, 1, 2, 20)]
        [5, 10, 20, 3600]
    """
    return timedelta(seconds=min(first * 2.0 ** min(tries, 30), _MOST))


def _tell_all(workspace: Workspace, stop: threading.Event, first: float, idle: float) -> None:
    while not stop.is_set():
        try:
            found = workspace.notices.take()
            for notice in found:
                if stop.is_set():
                    return  # it comes again
                _tell(workspace, notice, first)
        except SynclineError as error:
            found = []
            _LOG.warning("what is to be told cannot be read: %s", error)
        if not found:
            stop.wait(idle)


def _tell(workspace: Workspace, notice: Notice, first: float) -> None:
    hooks: dict[str, Webhook] = {hook.name: hook for hook in workspace.settings.webhooks}
    allows = workspace.settings.allow_private_urls
    try:
        if notice.hook in hooks:
            tell(hooks[notice.hook], notice, int(time.time()), allows_private=allows)
    except (TransientError, ConfigError) as error:
        is_late = datetime.now(UTC) - notice.created_at > GIVEN_UP
        if isinstance(error, TransientError) and not is_late:
            workspace.notices.later(notice, pause(notice.tries, first))
            return
        _LOG.warning("notice %s is given up: %s", notice.id, error)
    workspace.notices.done(notice)
