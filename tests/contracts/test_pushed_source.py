"""What was pushed, read as any other source is, and how long deletions are remembered (R33)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from syncline import ConfigError, Connection, ModelSync, Request, RunResult, Target
from syncline.connector import Source
from syncline.model import Batch, DataModel, Read, SyncMode
from syncline.pipeline import sync
from syncline.pushed import source as reading
from syncline.pushed.model import PushModel
from syncline.pushed.reading import readers, supplied
from syncline.pushed.source import PushedSource, Supply
from syncline.pushed.store import Change
from syncline.sources import Combined, Part
from syncline.storage import Storage
from syncline.store import SqlStore, open_store
from syncline.store.pushed import SqlPushed
from syncline.testing.memory import MemoryDestination
from syncline.testing.pushed import guid
from tests.contracts.postgresql import Server

COLUMNS = pa.schema({"name": pa.string(), "weight": pa.decimal128(9, 2)})
PETS = PushModel("pets", COLUMNS)
