"""Syncline keeps copies of data in step: the public names."""

from syncline.changes import Changeset
from syncline.connection import Connection, Limits, ModelSync, Schedule
from syncline.connector import Destination, Load, Source, Target
from syncline.errors import Busy, ConfigError, DataError, LeaseLost, Missing, SynclineError, TransientError, Withheld
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
