"""What a source gives fits the model exactly, or is rejected by name (Invariant 8, R3, R11)."""

# ruff: noqa: DTZ001 - timestamps without a time zone are among what is tested

import math
import sqlite3
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline import column, datatype
from syncline.cell import Misfit, fitter
from syncline.conform import conform
from syncline.errors import ConfigError, DataError
from syncline.model import DataModel

ID = pa.field("id", pa.int64())


def model(kind: str, key: tuple[str, ...] = ("id",)) -> DataModel:
    return DataModel("things", pa.schema([ID, ("value", datatype.parse(kind))]), key)


def taken(kind: str, *values: object) -> list[object]:
    """The values as they arrive, `...` for one that is rejected."""
    rows = {"id": list(range(len(values))), "value": list(values)}
    done = conform(rows, model(kind))
    assert done.rows.schema.equals(model(kind).schema)
    arrived = dict(zip(done.rows["id"].to_pylist(), done.rows["value"].to_pylist(), strict=True))
    return [arrived.get(index, ...) for index in range(len(values))]


def alone(kind: str, value: object) -> object:
    """What becomes of one value, looked at by itself."""
    try:
        return fitter(datatype.parse(kind))(value)
    except Misfit:
        return ...


def test_nan_stays_nan() -> None:
    (arrived,) = taken("float64", math.nan)
    assert isinstance(arrived, float)
    assert math.isnan(arrived)


def test_a_reason_names_column_value_and_type_and_shortens_the_value() -> None:
    done = conform({"id": [1, 2], "value": ["abc", "x" * 500]}, model("decimal(12,2)"))
    assert done.rejected[0].reason == "`value`: 'abc' is not a decimal(12,2)"
    assert done.rejected[0].key == {"id": 1}
    assert len(done.rejected[1].reason) < 100


def test_an_empty_key_rejects_its_row_only() -> None:
    done = conform({"id": [1, None, 3], "value": ["a", "b", "c"]}, model("text"))
    assert done.rows["id"].to_pylist() == [1, 3]
    assert [(one.key, one.reason) for one in done.rejected] == [(None, "the key `id` is empty")]
    assert not done.unreadable_key


def test_a_key_that_cannot_be_read_is_told() -> None:
    done = conform({"id": [1, "x"], "value": ["a", "b"]}, model("text", ("id", "value")))
    assert done.unreadable_key
    assert done.rejected[0].key == {"value": "b"}


def test_rows_of_one_schema_pass_without_a_copy() -> None:
    rows = pa.table({"id": [1, 2], "value": ["a", "b"]})
    done = conform(rows, model("text"))
    assert done.rows["value"].chunk(0).buffers()[2].address == rows["value"].chunk(0).buffers()[2].address


def test_a_timestamp_that_counts_nanoseconds_is_told_as_too_fine() -> None:
    keyed = DataModel("events", pa.schema({"at": pa.timestamp("ns")}), ("at",))
    done = conform({"at": pa.array([1_000, 1_001], pa.timestamp("ns"))}, keyed)
    assert len(done.rows) == 1
    assert [one.reason for one in done.rejected] == [
        "`at`: '1970-01-01 00:00:00.000001001' is finer than a microsecond"
    ]


def test_extra_columns_are_left_out_and_lacking_ones_told() -> None:
    done = conform([{"id": 1, "value": "a", "more": 1}, {"id": 2}], model("text"))
    assert done.rows.to_pylist() == [{"id": 1, "value": "a"}, {"id": 2, "value": None}]
    with pytest.raises(ConfigError, match=r"no column `value`.*they have id, more"):
        conform([{"id": 1, "more": 1}], model("text"))
    with pytest.raises(ConfigError, match="no column `value`"):
        conform(pa.table({"id": [1]}), model("text"))
    with pytest.raises(ConfigError, match="twice"):
        conform(pa.table([[1], ["a"], ["b"]], names=["id", "value", "value"]), model("text"))


def test_columns_of_different_length_are_an_error() -> None:
    with pytest.raises(DataError, match="same length"):
        conform({"id": [1], "value": ["a", "b"]}, model("text"))


def test_no_rows_are_no_rows_in_any_form() -> None:
    for rows in ([], {"id": [], "value": []}, pa.table({"id": pa.nulls(0), "value": pa.nulls(0)})):
        assert conform(rows, model("date")).rows.schema.equals(model("date").schema)


ARROW = [
    ("int64", pa.array([1.0, 2.5]), [1, ...]),
    ("int64", pa.array([Decimal("1.00"), Decimal("1.50")]), [1, ...]),
    ("float64", pa.array([2**53 + 1, 2**60, 1]), [..., float(2**60), 1.0]),
    ("float32", pa.array([0.5, 0.1, math.inf]), [0.5, ..., math.inf]),
    ("decimal(12,2)", pa.array([0.1, 0.123]), [Decimal("0.10"), ...]),
    ("decimal(12,2)", pa.array([5, 10**11]), [Decimal(5), ...]),
    ("decimal(12,2)", pa.array([Decimal("1.500"), Decimal("1.505")]), [Decimal("1.50"), ...]),
    ("decimal(38,38)", pa.array([Decimal(103)]), [...]),
    ("bool", pa.array([0, 1, 5, None]), [False, True, ..., None]),
    ("text", pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
    ("text", pa.array(["a"], pa.large_string()), ["a"]),
    ("text", pa.array([b"a", b"\xff"], pa.large_binary()), ["a", ...]),
    ("text", pa.array([{"a": [1]}]), ['{"a":[1]}']),
    ("text", pa.array([1.0, 1e22]), ["1.0", "1e+22"]),
    ("text", pa.array([b"\0" * 16], pa.uuid()), [str(UUID(int=0))]),
    ("bytes", pa.array([b"ab"], pa.binary(2)), [b"ab"]),
    ("date", pa.array([datetime(2020, 1, 1), datetime(2020, 1, 1, 5)]), [date(2020, 1, 1), ...]),
    ("time", pa.array([1_000, 1_001], pa.time64("ns")), [time(microsecond=1), ...]),
    ("time", pa.array([datetime(2020, 1, 1, 5)]), [...]),
    ("timestamp", pa.array([1_000, 1_001], pa.timestamp("ns")), [datetime(1970, 1, 1, microsecond=1), ...]),
    ("timestamp", pa.array([5]), [...]),
    ("timestamp", pa.array([date(2020, 1, 1)]), [datetime(2020, 1, 1)]),
    ("timestamp", pa.array([0], pa.timestamp("us", "UTC")), [datetime(1970, 1, 1)]),
    ("timestamp", pa.array([0], pa.timestamp("us", "Asia/Tokyo")), [...]),
    ("timestamptz", pa.array([0], pa.timestamp("s", "Asia/Tokyo")), [datetime(1970, 1, 1, tzinfo=UTC)]),
    ("timestamptz", pa.array([0], pa.timestamp("ms")), [datetime(1970, 1, 1, tzinfo=UTC)]),
    ("timestamp", pa.array([2**60], pa.timestamp("s")), [...]),
    ("int64", pa.nulls(1), [None]),
]


@pytest.mark.parametrize(("kind", "values", "expected"), ARROW)
def test_arrow_columns_keep_to_the_same_rules(kind: str, values: pa.Array, expected: list[object]) -> None:
    rows = pa.table({"id": pa.array(range(len(values))), "value": values})
    done = conform(rows, model(kind))
    arrived = dict(zip(done.rows["id"].to_pylist(), done.rows["value"].to_pylist(), strict=True))
    assert [arrived.get(index, ...) for index in range(len(values))] == expected


HOME = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "float64": st.floats(allow_nan=False),
    "float32": st.floats(allow_nan=False, width=32),
    "decimal(12,2)": st.decimals(-(10**9), 10**9, places=2),
    "decimal(38,38)": st.decimals(0, 1, places=38).filter(lambda number: number < 1),
    "bool": st.booleans(),
    "text": st.text(st.characters(exclude_categories=["Cs"])),
    "bytes": st.binary(),
    "date": st.dates(),
    "time": st.times(),
    "timestamp": st.datetimes(),
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
}
OFFSETS = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
STRANGE = st.one_of(
    st.integers(),
    st.floats(),
    st.decimals(),
    st.booleans(),
    st.text(st.characters()),
    st.binary(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=OFFSETS),
    st.lists(st.integers() | st.floats(), max_size=2),
    st.from_regex(r"\A-?[0-9]{1,20}(\.[0-9]{0,20})?([eE]-?[0-9]{1,3})?\Z"),
    st.datetimes().map(str),
    st.datetimes(timezones=OFFSETS).map(datetime.isoformat),
    st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9](:[0-5][0-9]){0,2}(\.[0-9]{1,9})?Z?)?\Z"),
    st.from_regex(r"\A[0-2][0-9]:[0-5][0-9](:[0-6][0-9](\.[0-9]{1,9})?)?\Z"),
)


def written(kind: str, value: object) -> str:
    """The value as text in a file."""
    return repr(value) if kind.startswith("float") else str(value)


@pytest.mark.parametrize("kind", HOME)
def test_every_value_of_a_type_comes_back_whatever_form_it_came_in(kind: str) -> None:
    @given(st.lists(HOME[kind] | st.none(), min_size=1))
    def check(values: list[object]) -> None:
        assert taken(kind, *values) == values
        if kind != "bytes":
            texts = [None if value is None else written(kind, value) for value in values]
            assert taken(kind, *texts) == values
            assert taken(kind, *[None if text is None else text.encode() for text in texts]) == values

    check()


@pytest.mark.parametrize("kind", HOME)
def test_a_column_at_once_equals_value_by_value(kind: str) -> None:
    @given(st.one_of([st.lists(one, min_size=1, max_size=4) for one in STRANGE.original_strategies]))  # type: ignore[attr-defined]
    def check(values: list[object]) -> None:
        fitted, problems = column.fit(values, datatype.parse(kind))
        arrived = [... if index in problems else cell for index, cell in enumerate(fitted.to_pylist())]
        expected = [alone(kind, value) for value in values]
        assert list(map(repr, arrived)) == list(map(repr, pa_plain(expected, kind)))

    check()


def pa_plain(values: list[object], kind: str) -> list[object]:
    """As Arrow gives the values back, e.g. with its own object for UTC."""
    return [value if value is ... else pa.scalar(value, datatype.parse(kind)).as_py() for value in values]


@given(st.lists(st.one_of(HOME["int64"], STRANGE, st.none())), st.sampled_from(list(HOME)))
def test_a_bad_row_touches_no_other_and_order_is_kept(values: list[object], kind: str) -> None:
    one_by_one = [taken(kind, value)[0] for value in values]
    assert list(map(repr, taken(kind, *values))) == list(map(repr, one_by_one))
    done = conform({"id": list(range(len(values))), "value": values}, model(kind))
    ids = done.rows["id"].to_pylist()
    assert ids == sorted(ids)
    assert len(ids) + len(done.rejected) == len(values)


def test_what_sqlite_gives_raw_is_read() -> None:
    with sqlite3.connect(":memory:") as database:
        database.text_factory = bytes
        rows = database.execute("select 1, 'ü', 1.5, '2020-01-01 05:06:07', null, x'00ff', '1.50'").fetchall()
    names = {
        "id": "int64",
        "t": "text",
        "f": "float64",
        "ts": "timestamp",
        "n": "date",
        "b": "bytes",
        "d": "decimal(9,2)",
    }
    schema = pa.schema([(name, datatype.parse(kind)) for name, kind in names.items()])
    done = conform(dict(zip(names, zip(*rows, strict=True), strict=True)), DataModel("raw", schema, ("id",)))
    assert list(done.rows.to_pylist()[0].values()) == [
        1,
        "ü",
        1.5,
        datetime(2020, 1, 1, 5, 6, 7),
        None,
        b"\x00\xff",
        Decimal("1.50"),
    ]
