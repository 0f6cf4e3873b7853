"""Who holds a lease, and whether that process is still there."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncline.model import JSON

_PROC = Path("/proc")
_STATUS, _STARTED = 0, 19
"""Where a process's status and start stand in /proc/PID/stat, counted after its name (man 5 proc)."""


@dataclass(frozen=True, slots=True)
class Place:
    """The machine and the process namespace in which a process id means something."""

    host: str
    boot: str
    namespace: str


def here() -> Place | None:
    """Where this process runs; None where the system does not tell."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return Place(socket.gethostname(), boot, str((_PROC / "self/ns/pid").readlink()))
    except OSError:
        return None


def myself() -> dict[str, JSON]:
    """This process, so that others on this machine can tell whether it is still there."""
    place = here()
    if place is None:
        return {"host": socket.gethostname(), "pid": os.getpid()}
    started = _told_by_system(os.getpid())[1]
    names: dict[str, JSON] = {"host": place.host, "boot": place.boot, "namespace": place.namespace}
    return {**names, "pid": os.getpid(), "started": started}


def is_gone(owner: Mapping[str, JSON]) -> bool:
    """Whether this process ran on this machine and has ended. What cannot be known from here is not gone."""
    pid, place = owner.get("pid"), here()
    if place is None or not isinstance(pid, int) or place != _place(owner):
        return False
    try:
        os.kill(pid, 0)
        status, started = _told_by_system(pid)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it is there, but belongs to somebody else
    return status in {"Z", "X"} or started != owner.get("started")  # dead but not yet buried, or its id used again


def _place(owner: Mapping[str, JSON]) -> Place:
    return Place(str(owner.get("host")), str(owner.get("boot")), str(owner.get("namespace")))


def _told_by_system(pid: int) -> tuple[str, int]:
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return fields[_STATUS], int(fields[_STARTED])
