"""Models that would undo each other's rows, or change the very table they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from syncline.config import place
from syncline.connection import Connection, ModelSync
from syncline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class _Writer:
    """A model, and the table it writes to; names are folded, for to many databases `T` and `t` are one."""

    connection: str
    model: ModelSync
    place: tuple[str, str]

    @property
    def name(self) -> tuple[str, str]:
        return self.connection, self.model.name


def clashes(connections: Iterable[Connection]) -> dict[tuple[str, str], ConfigError]:
    """The models that must not run, by connection and name, each with the reason; both sides of a clash are there."""
    found: dict[tuple[str, str], ConfigError] = {}
    writers: dict[tuple[str, str], list[_Writer]] = {}
    connections = list(connections)
    for connection in connections:
        for writer in _writers(connection):
            writers.setdefault(writer.place, []).append(writer)
            read = [(where, what.casefold()) for where, what in connection.source.places(writer.model.origin)]
            if writer.place in read:
                found[writer.name] = _own(writer)
    for rivals in writers.values():
        found |= {one.name: _with(one, other) for one, other in _pairs(rivals) if one.name not in found}
    return place.rivals(connections) | found


def _writers(connection: Connection) -> Iterator[_Writer]:
    if connection.destination is not None:
        identity = connection.destination.identity()
        for model in connection.models:
            yield _Writer(connection.name, model, (identity, model.target.table.casefold()))


def _pairs(rivals: Sequence[_Writer]) -> Iterator[tuple[_Writer, _Writer]]:
    """Each model with the first one it cannot share its table with (R23)."""
    for one in rivals:
        for other in rivals:
            if other is not one and not (one.model.target.shared and other.model.target.shared):
                yield one, other
                break


def _with(one: _Writer, other: _Writer) -> ConfigError:
    at = f" in {other.model.where}" if other.model.where else ""
    message = f"model {one.model.name}: the table {one.model.target.table} is also that of {'/'.join(other.name)}{at}"
    hint = "say `shared: true` in both, or choose another table"
    return ConfigError(message, where=one.model.where, hint=hint)


def _own(one: _Writer) -> ConfigError:
    message = f"model {one.model.name} would write to the table it reads, {one.model.target.table}"
    return ConfigError(message, where=one.model.where, hint="choose another one: `to: {table: …}`")
