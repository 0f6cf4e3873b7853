"""What becomes of single values, looked at alone and as a column (Invariant 8)."""

# ruff: noqa: DTZ001 - timestamps without a time zone are among what is tested

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from syncline import column, datatype
from syncline.cell import Misfit, fitter

EXAMPLES = [
    ("int64", b"42", 42),
    ("int64", "+42", 42),
    ("int64", "-0", 0),
    ("int64", 2.0, 2),
    ("int64", "2.0", 2),
    ("int64", True, 1),
    ("int64", "9223372036854775807", 2**63 - 1),
    ("int64", "9223372036854775808", ...),
    ("int64", 2.5, ...),
    ("int64", math.nan, ...),
    ("int64", math.inf, ...),
    ("int64", Decimal("1e1000000"), ...),
    ("int64", "0x10", ...),
    ("int64", "", ...),
    ("int64", " 1", ...),
    ("int64", "1_000", ...),
    ("int64", "\u0661", ...),
    ("int8", 128, ...),
    ("uint8", -1, ...),
    ("uint64", 2**64 - 1, 2**64 - 1),
    ("float64", 2**53, float(2**53)),
    ("float64", 2**53 + 1, ...),
    ("float64", 2**60, float(2**60)),
    ("float64", 10**400, ...),
    ("float64", "0.1", 0.1),
    ("float64", "0.1000000000000000055511151231257827021181583404541015625", 0.1),
    ("float64", "0.10000000000000001", 0.1),
    ("float64", "0.100000000000000012345", ...),
    ("float64", "9007199254740993", ...),
    ("float64", "1e400", ...),
    ("float64", "1e-400", ...),
    ("float64", "-Infinity", -math.inf),
    ("float64", Decimal("0.1"), 0.1),
    ("float32", 0.5, 0.5),
    ("float32", 0.1, ...),
    ("float32", 1e300, ...),
    ("decimal(12,2)", "1.5", Decimal("1.50")),
    ("decimal(12,2)", "1.500", Decimal("1.50")),
    ("decimal(12,2)", "1.505", ...),
    ("decimal(12,2)", 1.1, Decimal("1.10")),
    ("decimal(12,2)", 0.1 + 0.2, ...),
    ("decimal(12,2)", 1e300, ...),
    ("decimal(12,2)", math.nan, ...),
    ("decimal(12,2)", 10**9, Decimal(10**9)),
    ("decimal(12,2)", 10**10, ...),
    ("decimal(12,2)", Decimal("1e3"), Decimal(1000)),
    ("decimal(12,2)", Decimal("NaN"), ...),
    ("decimal(12,2)", Decimal("1e-999999"), ...),
    ("decimal(12,2)", "", ...),
    ("decimal(38,38)", "103", ...),
    ("decimal(38,38)", ".5", Decimal("0.5")),
    ("decimal(38,38)", ".", ...),
    ("bool", "True", True),
    ("bool", b"f", False),
    ("bool", 0, False),
    ("bool", 2, ...),
    ("bool", "yes", ...),
    ("text", b"gr\xc3\xbc\xc3\x9fe \xf0\x9f\x8e\xb5", "grüße 🎵"),
    ("text", b"\xff", ...),
    ("text", "\ud800", ...),
    ("text", "\x00", "\x00"),
    ("text", "", ""),
    ("text", 7, "7"),
    ("text", 1e22, "1e+22"),
    ("text", 1.0, "1.0"),
    ("text", True, "true"),
    ("text", Decimal("1.50"), "1.50"),
    ("text", UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ("text", {"b": [1, Decimal("1.10")], "a": None}, '{"b":[1,1.10],"a":null}'),
    ("text", [math.nan], ...),
    ("text", ["\ud800"], ...),
    ("text", date(2020, 1, 2), "2020-01-02"),
    ("bytes", b"\x00\xff", b"\x00\xff"),
    ("bytes", "ü", b"\xc3\xbc"),
    ("bytes", 1, ...),
    ("date", "2020-02-29", date(2020, 2, 29)),
    ("date", "2021-02-29", ...),
    ("date", b"2020-02-29 00:00:00", date(2020, 2, 29)),
    ("date", "2020-02-29 00:00:01", ...),
    ("date", datetime(2020, 1, 1, 0, 0, 1), ...),
    ("date", "0000-01-01", ...),
    ("date", "20200101", ...),
    ("date", 18000, ...),
    ("time", "05:06", time(5, 6)),
    ("time", "05:06:07.5", time(5, 6, 7, 500_000)),
    ("time", "24:00:00", ...),
    ("time", time(5, tzinfo=UTC), ...),
    ("timestamp", "2020-01-01", datetime(2020, 1, 1)),
    ("timestamp", "2020-01-01T05:06:07.123456", datetime(2020, 1, 1, 5, 6, 7, 123456)),
    ("timestamp", "2020-01-01T05:06:07.123456000", datetime(2020, 1, 1, 5, 6, 7, 123456)),
    ("timestamp", "2020-01-01T05:06:07.1234567", ...),
    ("timestamp", "2020-01-01 05:06:07Z", datetime(2020, 1, 1, 5, 6, 7)),
    ("timestamp", "2020-01-01 05:06:07+02:00", ...),
    ("timestamp", datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=2))), ...),
    ("timestamp", "infinity", ...),
    ("timestamp", 1577836800, ...),
    ("timestamptz", "2020-01-01 05:06:07", datetime(2020, 1, 1, 5, 6, 7, tzinfo=UTC)),
    ("timestamptz", "2020-01-01T05:06:07+0200", datetime(2020, 1, 1, 3, 6, 7, tzinfo=UTC)),
    ("timestamptz", "2020-01-01", datetime(2020, 1, 1, tzinfo=UTC)),
    ("timestamptz", "0001-01-01 00:00:00+02:00", ...),
]


@pytest.mark.parametrize(("kind", "value", "expected"), EXAMPLES)
def test_a_value_arrives_as_it_was_or_not_at_all(kind: str, value: object, expected: object) -> None:
    if expected is ...:
        with pytest.raises(Misfit):
            fitter(datatype.parse(kind))(value)
    else:
        assert fitter(datatype.parse(kind))(value) == expected


@pytest.mark.parametrize(("kind", "value", "expected"), EXAMPLES)
@pytest.mark.parametrize("others", [[], [object(), None]])
def test_a_column_keeps_to_the_same_rules(kind: str, value: object, expected: object, others: list[object]) -> None:
    fitted, problems = column.fit([value, *others], datatype.parse(kind))
    assert (0 in problems) == (expected is ...)
    assert fitted.to_pylist() == [None if expected is ... else expected, *[None for _ in others]]
