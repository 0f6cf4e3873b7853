"""A rig whose rows are made into others before they are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from syncline import Batch, Read, Request
from syncline.run import ModelRun
from syncline.transform import Transform
from tests.domain.recipe import Recipe, Row
from tests.domain.rig import Rig, whole

UPDATE = Request(update=True)


class Workshop(Rig):
    """A rig whose rows are made into others; `held` shows code -> value."""

    def make(self, made: Callable[[Row], list[Row]], name: str = "") -> None:
        """Other settings from now on."""
        self.sync = replace(self.sync, transform=Recipe(name=name or repr(made), make_of=made))

    def express(self, **transform: Any) -> None:
        self.sync = replace(self.sync, transform=Transform(**transform))

    @property
    def made(self) -> dict[Any, Any]:
        return {key[0]: row["value"] for key, row in self.destination.rows.items()}

    def switched_off(self, request: Read) -> list[Batch]:
        raise AssertionError("the source was asked")

    def update(self) -> ModelRun:
        self.said = self.switched_off
        return self.ok(request=UPDATE)


def code(row: Row, code: object = None, value: object = None) -> Row:
    return {"code": str(code or row["id"]), "value": row["version"] if value is None else value}


def by_name(row: Row) -> list[Row]:
    return [code(row, row["name"])]


def each_letter(row: Row) -> list[Row]:
    return [code(row, f"{row['id']}{letter}") for letter in row["name"]]


def workshop(folder: Path, made: Callable[[Row], list[Row]], *rows: Row, **sync: Any) -> Workshop:
    rig = Workshop(folder, **sync)
    rig.make(made)
    rig.ok(whole(rows))
    return rig
