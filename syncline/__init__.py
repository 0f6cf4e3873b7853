"""Syncline keeps copies of data in step: the public names, each fetched from its room when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncline.changes import Changeset
    from syncline.connection import Connection, Limits, ModelSync, Schedule
    from syncline.connector import Destination, Load, Source, Target
    from syncline.errors import (
        Busy,
        ConfigError,
        DataError,
        LeaseLost,
        Missing,
        SynclineError,
        TransientError,
        Withheld,
    )
    from syncline.model import JSON, Batch, Cursor, DataModel, Read, Rejection, SyncMode
    from syncline.publication import Publication
    from syncline.request import ModelRequest, Request
    from syncline.run import Counts, Entry, Head, ModelRun, Run, RunResult, RunStatus, RunType, Store
    from syncline.secret import Secret

__all__ = [
    "JSON",
    "Batch",
    "Busy",
    "Changeset",
    "ConfigError",
    "Connection",
    "Counts",
    "Cursor",
    "DataError",
    "DataModel",
    "Destination",
    "Entry",
    "Head",
    "LeaseLost",
    "Limits",
    "Load",
    "Missing",
    "ModelRequest",
    "ModelRun",
    "ModelSync",
    "Publication",
    "Read",
    "Rejection",
    "Request",
    "Run",
    "RunResult",
    "RunStatus",
    "RunType",
    "Schedule",
    "Secret",
    "Source",
    "Store",
    "SyncMode",
    "SynclineError",
    "Target",
    "TransientError",
    "Withheld",
]

_ROOMS = ("changes", "connection", "connector", "errors", "model", "publication", "request", "run", "secret")

if not TYPE_CHECKING:  # for who checks types, the imports above say what there is

    def __getattr__(name: str) -> object:
        """A public name: the program chooses how its libraries start before any of them is imported."""
        if name in __all__:
            for room in _ROOMS:
                found = vars(import_module(f"{__name__}.{room}"))
                if name in found:
                    return globals().setdefault(name, found[name])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
