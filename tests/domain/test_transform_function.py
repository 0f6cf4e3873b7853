"""Functions of the user's: how they are given rows, what is asked of them, and what becomes of rows they fail for."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pytest

from syncline.errors import ConfigError, DataError
from syncline.model import DataModel
from syncline.transform import Transform
from tests.domain.mill import PETS, Milled, mill, pets, write

Shop: TypeAlias = Callable[..., Transform]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A transform by a function `f` with this body, on rows in this form."""

    def made(body: str, form: str = "pa.Table", **declared: Any) -> Transform:
        lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
        write(tmp_path, f"def f(rows: {form}) -> {form}:\n{lines}")
        return Transform(function="shop:f", folder=tmp_path, where="shop.yaml:4", **declared)

    return made


def refused(transform: Transform, model: DataModel = PETS) -> str:
    with pytest.raises(ConfigError) as caught:
        transform.made(model)
    return str(caught.value)


def broken(transform: Transform, rows: pa.Table) -> str:
    with pytest.raises(DataError) as caught:
        mill(transform, rows)
    return str(caught.value)


UPPER = {
    "pa.Table": 'return rows.append_column("up", pc.utf8_upper(rows["name"]))',
    "pa.RecordBatch": 'return rows.append_column("up", pc.utf8_upper(rows["name"]))',
    "pd.DataFrame": 'rows["up"] = rows["name"].str.upper()\nreturn rows',
}


@pytest.mark.parametrize("form", UPPER)
def test_the_annotation_says_how_a_function_is_given_rows(shop: Shop, form: str) -> None:
    done = mill(shop(UPPER[form], form), pets("rex", None))
    assert [row["up"] for row in done.rows] == ["REX", None]
    assert done.model.schema == PETS.schema.append(pa.field("up", pa.string()))
    assert (done.model.key, done.sources, done.parts) == (("Id",), [(0,), (1,)], ["p", "p"])


def test_no_value_changes_on_the_way_through_a_frame(shop: Shop) -> None:
    schema = pa.schema({"Id": pa.int64(), "f": pa.float64(), "d": pa.decimal128(38, 3), "n": pa.int64()})
    model = DataModel("T", schema, ("Id",))
    rows = pa.table({"Id": [1, 2], "f": [math.nan, None], "d": [Decimal("1e30"), None], "n": [2**63 - 1, None]})
    done = mill(shop("return rows", "pd.DataFrame"), rows, model)
    assert repr(done.rows) == repr(rows.cast(schema).to_pylist())


def test_a_frame_may_come_back_in_another_order_with_an_index_and_dtypes_of_its_own(shop: Shop) -> None:
    body = """
rows = rows.sort_values("name", ascending=False).set_index("name", drop=False)
rows["size"] = [float("nan")] * len(rows)
rows["kind"] = pd.Categorical(["dog"] * len(rows), categories=["dog"])
return rows
"""
    done = mill(shop(body, "pd.DataFrame"), pets("a", "b"))
    assert [(row["name"], row["size"], row["kind"]) for row in done.rows] == [("a", None, "dog"), ("b", None, "dog")]


def test_one_row_may_become_several_or_none(shop: Shop) -> None:
    body = """
made = [(row, line) for row, name in enumerate(rows["name"].to_pylist()) for line in range(len(name))]
lines = pa.array([line for _, line in made], pa.int16())
return rows.take(pa.array([row for row, _ in made], pa.int64())).append_column("line", lines)
"""
    done = mill(shop(body, key=("Id", "line")), pets("abc", "", "x"))
    assert [(row["Id"], row["line"]) for row in done.rows] == [(0, 0), (0, 1), (0, 2), (2, 0)]
    assert sorted(done.sources) == [(0,), (0,), (0,), (2,)]
    assert done.model.key == ("Id", "line")


def test_the_filter_comes_before_the_function_and_fields_after_it(shop: Shop) -> None:
    body = 'assert None not in rows["name"].to_pylist()\nreturn rows.append_column("n", pc.utf8_length(rows["name"]))'
    transform = shop(body, filter="name IS NOT NULL", fields={"id": "Id", "twice": "n * 2"})
    done = mill(transform, pets("rex", None, "a"))
    assert done.rows == [{"id": 0, "twice": 6}, {"id": 2, "twice": 2}]
    assert done.model.key == ("id",)
    assert not done.rejected


def test_each_step_rejects_the_rows_it_fails_for(shop: Shop) -> None:
    body = 'assert "bad" not in rows["name"].to_pylist(), "bad pet"\nreturn rows'
    fields = {"Id": "Id", "n": "CAST(name AS int)"}
    done = mill(shop(body, filter="10 // length(name) > 0", fields=fields), pets("1", "bad", "", "x", "12"))
    assert done.rows == [{"Id": 0, "n": 1}, {"Id": 4, "n": 12}]
    assert done.rejected[1] == "the function raised AssertionError: bad pet"
    assert done.rejected[2].startswith("`filter`: Division by zero")
    assert done.rejected[3].startswith("`n`: Could not convert string 'x'")


def test_of_a_row_all_that_is_made_is_sent_or_nothing(shop: Shop) -> None:
    body = 'return pa.concat_tables([rows, rows.set_column(1, "name", pa.array(["x"] * len(rows), pa.string()))])'
    fields = {"Id": "Id", "name": "name", "n": "CASE WHEN Id = 1 THEN CAST(name AS int) END"}
    done = mill(shop(body, key=("Id", "name"), fields=fields), pets("0", "1"))
    assert [row["Id"] for row in done.rows] == [0, 0]
    assert list(done.rejected) == [1]
    done = mill(shop(body.replace('"x"', "None"), key=("Id", "name")), pets("0"))
    assert (done.rows, done.rejected) == ([], {0: "the key `name` is empty"})


def test_what_does_not_fit_the_declared_columns_rejects_its_row(shop: Shop) -> None:
    body = 'return rows.select(["Id"]).append_column("n", rows["name"])'
    columns = pa.schema({"Id": pa.int64(), "n": pa.int32()})
    done = mill(shop(body, columns=columns), pets("1", "x", None))
    assert done.rows == [{"Id": 0, "n": 1}, {"Id": 2, "n": None}]
    assert done.rejected == {1: "`n`: 'x' is not an int32"}


def test_the_row_for_which_a_function_raises_is_found_and_the_others_go_on(shop: Shop) -> None:
    body = 'if "bad" in rows["name"].to_pylist():\n    raise ValueError("no such pet")\nreturn rows'
    names = ["good"] * 500
    names[7] = names[250] = names[499] = "bad"
    done = mill(shop(body), pets(*names))
    assert len(done.rows) == 497
    assert done.rejected == dict.fromkeys([7, 250, 499], "the function raised ValueError: no such pet")


def test_a_function_that_ends_the_program_ends_its_row_only(shop: Shop) -> None:
    done = mill(
        shop('if "bad" in rows["name"].to_pylist():\n    raise SystemExit("enough")\nreturn rows'), pets("good", "bad")
    )
    assert (len(done.rows), done.rejected) == (1, {1: "the function raised SystemExit: enough"})


def test_a_function_that_always_fails_stops_the_run(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncline.transform.calling.MOST_RAISED", 3)
    message = broken(shop('return rows if not len(rows) else rows["nme"]'), pets(*"abcdefgh"))
    assert "`shop:f` fails too often: the function raised KeyError" in message


def test_a_function_that_loses_the_key_is_told_of_scope_model(shop: Shop) -> None:
    message = refused(shop('return rows.drop_columns(["Id"])'))
    assert "shop.yaml:4: model PETS, `transform`: `shop:f` does not keep the key `Id`; it gives name, price" in message
    assert "scope: model" in message
    message = broken(shop('return rows if not len(rows) else rows.drop_columns(["Id"])'), pets("a"))
    assert "does not keep the key `Id`" in message
    assert "scope: model" in message


def test_a_key_that_a_function_was_not_given_is_an_error(shop: Shop) -> None:
    message = broken(shop('return rows.set_column(0, "Id", pc.add(rows["Id"], 1))'), pets("a", "b"))
    assert "`shop:f` gave a row with the key 2, which it was not given" in message
    assert "scope: model" in message
    message = broken(shop('return rows.set_column(0, "Id", pa.nulls(len(rows), pa.int64()))'), pets("a"))
    assert "a row whose key cannot be read (the key `Id` is empty)" in message


def test_keys_of_any_type_lead_back_to_their_rows(shop: Shop) -> None:
    columns = {
        "a": pa.array(["x", "x"]),
        "b": pa.array([Decimal("1.10"), Decimal("1.20")]),
        "c": pa.array([1, 1], pa.date32()),
        "d": pa.array([b"\xff", b""]),
        "e": pa.array([0, 1], pa.timestamp("us", "UTC")),
        "f": pa.array([True, False]),
        "g": pa.array([1, 1], pa.time64("us")),
        "h": pa.array([1, 2], pa.uint8()),
    }
    rows = pa.table(columns)
    model = DataModel("T", rows.schema, tuple(columns))
    done = mill(shop("return rows.take(pa.array(range(len(rows))[::-1], pa.int64()))"), rows, model)
    assert [dict(zip(model.key, source, strict=True)) for source in done.sources] == rows.to_pylist()[::-1]
    assert done.table.equals(rows.take(pa.array([1, 0])))


def test_many_rows_in_another_order_stay_with_their_sources(shop: Shop) -> None:
    done = mill(shop('return rows.sort_by([("price", "descending"), ("Id", "descending")])'), pets(*["x"] * 150_000))
    assert done.sources == [(id,) for id in done.table["Id"].to_pylist()]
    assert len(set(done.sources)) == 150_000


def test_columns_of_a_function_are_seen_from_a_table_without_rows_or_declared(shop: Shop) -> None:
    unknown = 'return rows.append_column("x", pa.nulls(len(rows)))'
    message = refused(shop(unknown))
    assert "a table without rows does not tell the type of `x`" in message
    assert "to: {columns: {Id: int64, name: text, price: decimal(12,2), x: ?}}" in message
    assert "float" not in str(shop(unknown, columns=pa.schema({"Id": pa.int64(), "x": pa.int8()})).made(PETS).schema)
    message = refused(shop('rows["name"][0]\nreturn rows'))
    assert "was given a table without rows, to see its columns: the function raised IndexError" in message
    assert "to: {columns:" in message
    message = refused(shop('return rows.append_column("l", pa.array([[1]] * len(rows), pa.list_(pa.int8())))'))
    assert "column `l`: columns of type list<" in message


def test_what_is_no_function_on_rows_is_told(shop: Shop, tmp_path: Path) -> None:
    assert "annotate it as `pa.Table -> pa.Table`" in refused(shop("return rows", "list"))
    write(tmp_path, "def f(rows): return rows\n")
    assert "does not say that it takes and gives rows" in refused(Transform(function="shop:f", folder=tmp_path))
    write(tmp_path, "def f(rows: pa.Table) -> list: return rows\n")
    assert "does not say that it takes and gives rows" in refused(Transform(function="shop:f", folder=tmp_path))
    write(tmp_path, "def f(rows: pa.Table, more: int) -> pa.Table: return rows\n")
    assert "`shop:f` takes 2 things, not rows alone" in refused(Transform(function="shop:f", folder=tmp_path))
    write(tmp_path, "def f(rows: pa.Table) -> pa.Table: return rows.to_pylist()\n")
    assert "`shop:f` gave a list, not rows" in refused(Transform(function="shop:f", folder=tmp_path))
    write(tmp_path, "def f(rows: 'polars.DataFrame') -> pa.Table: return rows\n")
    assert "an annotation of `shop:f` cannot be understood" in refused(Transform(function="shop:f", folder=tmp_path))


def test_columns_that_stand_twice_or_have_no_name_are_told(shop: Shop) -> None:
    assert "the column `name` twice" in refused(shop('return rows.append_column("name", rows["name"])'))
    body = "rows = rows.copy()\nrows[1] = 'x'\nreturn rows"
    assert "a column 1, which is no text" in refused(shop(body, "pd.DataFrame"))


def together(body: str, shop: Shop, *names: str | None, form: str = "pd.DataFrame", **declared: Any) -> Milled:
    return mill(shop(body, form, scope="model", **declared), pets(*names))


COUNTED = 'return rows.groupby("name", as_index=False).agg(pets=("Id", "count"))'


def test_all_rows_together_become_others_with_a_key_of_their_own(shop: Shop) -> None:
    done = together(COUNTED, shop, "a", "b", "a", key=("name",), filter="Id < 9", fields={"name": "name", "n": "pets"})
    assert done.rows == [{"name": "a", "n": 2}, {"name": "b", "n": 1}]
    assert set(done.parts) == {""}


def test_all_rows_come_together_in_the_order_of_their_key(shop: Shop) -> None:
    body = 'return rows.append_column("before", pa.array([None, *rows["name"].to_pylist()][: len(rows)], pa.string()))'
    done = together(body, shop, *"abcde", form="pa.Table")
    assert [row["before"] for row in done.rows] == [None, "a", "b", "c", "d"]


def test_of_all_rows_together_everything_is_made_or_nothing(shop: Shop) -> None:
    with pytest.raises(DataError, match=r"`shop:f`: the function raised ZeroDivisionError.*whole or not at all"):
        together("1 // (0 if len(rows) else 1)\nreturn rows", shop, "a")
    with pytest.raises(DataError, match="Could not convert string 'a'"):
        together("return rows", shop, "1", "a", filter="CAST(name AS int) > 0")
    with pytest.raises(DataError, match="gave a row whose key `name` is empty"):
        together("return rows", shop, "1", None, key=("name",))
    with pytest.raises(DataError, match="does not fit, row 1, `name`: 'a' is not an int64"):
        together("return rows", shop, "1", "a", columns=pa.schema({"Id": pa.int64(), "name": pa.int64()}))
    with pytest.raises(DataError, match="gave no column `name`"):
        together('return rows if not len(rows) else rows[["Id"]]', shop, "1")
