"""Real transforms in real runs: what the destination holds is the transform of what the source says (P6.12)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from syncline.transform import Transform
from tests.domain.mill import write
from tests.domain.rig import FULL, Rig, Row, pet, whole

SHOP = """
def letters(rows: pd.DataFrame) -> pd.DataFrame:
    made = rows.assign(letter=[list(name) for name in rows["name"]]).explode("letter")
    made = made.dropna(subset="letter")
    return made.assign(place=made.groupby("id").cumcount())[["id", "place", "letter"]]


def calm(rows: pa.Table) -> pa.Table:
    if "bad" in rows["name"].to_pylist():
        raise ValueError("a bad pet")
    return rows.select(["id", "name"])
"""
LETTERS = pa.schema({"id": pa.int64(), "place": pa.int64(), "letter": pa.string()})
FAILING = "CASE WHEN name = 'x' THEN CAST(name AS int) ELSE id END"
Expected = Callable[[Row], list[Row]]
WAYS: dict[str, tuple[dict[str, object], Expected]] = {
    "filter": (
        {"filter": "version > 1 AND name <> 'x'"},
        lambda row: [row] if row["version"] > 1 and row["name"] != "x" else [],
    ),
    "fields": (
        {"fields": {"nr": "id", "loud": "upper(name)"}},
        lambda row: [{"nr": row["id"], "loud": row["name"].upper()}],
    ),
    "another key": (
        {"fields": {"code": "id * 10 + version", "name": "name"}, "key": ("code",)},
        lambda row: [{"code": row["id"] * 10 + row["version"], "name": row["name"]}],
    ),
    "several": (
        {"function": "shop:letters", "key": ("id", "place"), "columns": LETTERS},
        lambda row: [{"id": row["id"], "place": at, "letter": letter} for at, letter in enumerate(row["name"])],
    ),
    "one that fails": (
        {"function": "shop:calm", "fields": {"id": "id", "n": FAILING}},
        lambda row: [{"id": row["id"], "n": row["id"]}],
    ),
}
HISTORY = [
    [pet(1, "rex", 1), pet(2, "mia", 2), pet(3, "x", 3), pet(4, "bad", 2)],
    [pet(1, "rex", 2), pet(2, "", 2), pet(3, "mia", 3), pet(4, "bad", 3)],
    [pet(1, "x", 3), pet(2, "bad", 3), pet(4, "rexx", 1), pet(5, "", 2)],
    [
        pet(1, "mia", 1),
        pet(2, "rex", 1),
        pet(4, "rexx", 1),
        pet(6, "zoe", 2),
    ],  # if nothing passed, all would wait (R25)
]
"""What the source says, run after run: rows begin and cease to pass, to fail and to be there."""


def fails(row: Row, way: str) -> bool:
    return way == "one that fails" and row["name"] in {"bad", "x"}


@pytest.mark.parametrize("way", WAYS)
def test_the_destination_holds_what_is_made_of_the_source(way: str, tmp_path: Path) -> None:
    declared, expected = WAYS[way]
    write(tmp_path, SHOP)
    rig = Rig(tmp_path / "rig", transform=Transform(folder=tmp_path, **declared))  # type: ignore[arg-type]
    sent: dict[int, list[Row]] = {}
    for said in HISTORY:
        rig.ok(whole(said), request=FULL)
        waiting = {row["id"] for row in said if fails(row, way)}
        made = {row["id"]: expected(row) for row in said if row["id"] not in waiting}
        sent = made | {id: sent[id] for id in waiting if id in sent}
        held = sorted(map(repr, rig.destination.rows.values()))
        assert held == sorted(repr(row) for rows in sent.values() for row in rows)
        assert sorted(rig.owed().get("failed", [])) == sorted(waiting)


def test_a_row_that_no_longer_passes_the_filter_is_removed_and_comes_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, transform=Transform(filter="name <> 'secret'"))
    rig.ok(whole([pet(1), pet(2)]), request=FULL)
    rig.ok(whole([pet(1, "secret"), pet(2)]), request=FULL)
    assert rig.held == {2: "Rex"}
    rig.ok(whole([pet(1, "open"), pet(2)]), request=FULL)
    assert rig.held == {1: "open", 2: "Rex"}
