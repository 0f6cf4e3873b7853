"""Items as a request brings them: each becomes a row as it was, or the request is told which field does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from types import NoneType
from typing import Any, NamedTuple, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from syncline import column, datatype
from syncline.errors import DataError
from syncline.pushed.model import COMPANY, GUID, PushModel
from syncline.pushed.text import Doubled, Figure

Item: TypeAlias = "dict[str, Any]"
_PARTS = "-?".join(f"([0-9a-f]{{{length}}})" for length in (8, 4, 4, 4, 12))
_USUAL = re.compile(_PARTS.replace("-?", "-").translate(str.maketrans("", "", "()")))
_GUID = re.compile(rf"(?:urn:uuid:)?\{{?{_PARTS}\}}?")
_MOST_TOLD = 100
_NUMBERS = (int, Figure, str)
_WHOLE = (pa.int8(), pa.int16(), pa.int32(), pa.int64())
_AS_THEY_ARE: dict[pa.DataType, type] = {pa.string(): str, pa.bool_(): bool, **dict.fromkeys(_WHOLE, int)}
"""What JSON says of these types is kept as it is, once it is known to fit."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with an item, or with a field of it."""

    item: int
    field: str
    reason: str


class Unfit(DataError):
    """Items do not fit: `misfits` says which, up to a hundred; `count` is how many there are."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        super().__init__(f"{len(misfits)} fields do not fit")
        ordered = sorted(misfits, key=lambda misfit: misfit.item)
        self.misfits, self.count = tuple(ordered[:_MOST_TOLD]), len(ordered)


class Row(NamedTuple):
    """An item that fits: whose it is, its GUID, and its values as JSON, the same text for the same values."""

    company: str
    guid: str
    text: str


@dataclass(slots=True)
class _Findings:
    """All that is wrong, found out of order."""

    misfits: list[Misfit] = field(default_factory=list)

    def add(self, item: int, field: str, reason: str) -> None:
        self.misfits.append(Misfit(item, field, reason))

    def all(self, items: Iterable[int], field: str, reason: str) -> None:
        for item in items:
            self.add(item, field, reason)

    def tell(self) -> None:
        if self.misfits:
            raise Unfit(self.misfits)


def fit(items: Sequence[Any], model: PushModel, company: str, made: Callable[[int], str]) -> list[Row]:
    """The rows of items, in their order.

    An item is a whole row: what it leaves out is empty. Its company is the one it names, else `company`; its GUID the
    one it bears, else what `made` makes for its place.

    Raises:
        Unfit: values do not fit their type, fields are unknown or missing, or a GUID stands twice.

    Example:
        >>> pieces = PushModel("pieces", pa.schema({"mark": pa.string(), "length": pa.decimal128(9, 1)}))
        >>> item = {"guid": "{16FD2706-8BAF-433B-82EB-8C7FADA847DA}", "mark": "P1", "length": 1200}
        >>> fit([item], pieces, "acme", str)
        [Row(company='acme', guid='16fd2706-8baf-433b-82eb-8c7fada847da', text='{"mark":"P1","length":"1200.0"}')]
    """
    findings = _Findings()
    _check_items(items, {GUID, COMPANY, *model.columns.names}, findings)
    companies, named = _names(items, company, made, findings)
    values = [_fitted(items, one, model, findings) for one in model.columns]
    findings.tell()
    return list(map(Row, companies, named, _texts(values, model, len(items))))


def guids(items: Sequence[Any], company: str) -> list[tuple[str, str]]:
    """Companies and GUIDs of what is to be deleted: GUIDs, or items that have nothing else.

    Raises:
        Unfit: one is no GUID, or stands twice.
    """
    findings = _Findings()
    whole = [{GUID: item} if isinstance(item, str) else item for item in items]
    _check_items(whole, {GUID, COMPANY}, findings)
    companies, named = _names(whole, company, None, findings)
    findings.tell()
    return list(zip(companies, named, strict=True))


def _check_items(items: Sequence[Any], known: set[str], findings: _Findings) -> None:
    """All must be objects before anything can be asked of them."""
    for index, item in enumerate(items):
        if isinstance(item, Doubled):
            findings.add(index, item.name, "stands twice")
        elif not isinstance(item, dict):
            findings.add(index, "", f"{_kind(item)} is not an object")
    findings.tell()
    if set().union(*items) <= known:
        return
    hint = f"known are {', '.join(sorted(known))}"
    for index, item in enumerate(items):
        for name in item.keys() - known:
            findings.add(index, name, f"is not a field: {hint}")


def _names(
    items: Sequence[Item], company: str, made: Callable[[int], str] | None, findings: _Findings
) -> tuple[list[str], list[str]]:
    companies, named, seen = [], [], dict[tuple[str, str], int]()
    for index, item in enumerate(items):
        theirs, told = item.get(COMPANY), item.get(GUID)
        whose = company if theirs is None else theirs
        guid = made(index) if told is None and made else _guid(told)
        if not isinstance(whose, str):
            findings.add(index, COMPANY, f"{_kind(whose)} is not a text")
        elif guid is None:
            findings.add(index, GUID, "is missing" if told is None else "is not a GUID")
        elif (first := seen.setdefault((whose, guid), index)) != index:
            findings.add(index, GUID, f"is also that of item {first}")
        else:
            companies.append(whose)
            named.append(guid)
    return companies, named


def _guid(told: object) -> str | None:
    if not isinstance(told, str):
        return None
    if _USUAL.fullmatch(told):
        return told
    found = _GUID.fullmatch(told.lower())
    return "-".join(found.groups()) if found else None


def _fitted(items: Sequence[Item], one: pa.Field, model: PushModel, findings: _Findings) -> list[Any]:
    """The values of a column in the form in which they are kept."""
    values = [item.get(one.name) for item in items]
    if one.name in model.required and None in values:
        findings.all((index for index, value in enumerate(values) if value is None), one.name, "is missing")
    kinds, found = _kinds(one.type), set(map(type, values)) - {NoneType}
    if not found <= set(kinds):
        values = list(_of_kinds(values, one, kinds, findings))
    stays = found <= {_AS_THEY_ARE.get(one.type)}
    if _is_number(one.type) and not stays:
        values = [value if value is None else str(value) for value in values]
    fitted, problems = column.fit(values, one.type)
    for index, reason in problems.items():
        findings.add(index, one.name, reason)
    return values if stays else _kept(fitted)


def _of_kinds(
    values: Sequence[object], one: pa.Field, kinds: tuple[type, ...], findings: _Findings
) -> Iterator[object]:
    """The values that JSON says as it should; nothing in place of the others."""
    wanted = datatype.name(one.type)
    for index, value in enumerate(values):
        if value is None or type(value) in kinds:
            yield value
        else:
            findings.add(index, one.name, f"{_kind(value)} is not {'an' if wanted.startswith('int') else 'a'} {wanted}")
            yield None


def _kinds(kind: pa.DataType) -> tuple[type, ...]:
    """What JSON may say for a value of this type; numbers also as text, which keeps all their digits."""
    if pa.types.is_boolean(kind):
        return (bool,)
    return _NUMBERS if _is_number(kind) else (str,)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _kept(values: pa.Array | pa.ChunkedArray) -> list[Any]:
    """As they stand in the text of a row."""
    kind = values.type
    is_plain = pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_string(kind)
    if pa.types.is_floating(kind):
        is_plain = pc.all(pc.is_finite(values)).as_py() is not False  # JSON has no NaN
    kept: list[Any] = (values if is_plain else values.cast(pa.string())).to_pylist()
    return kept


def _texts(values: Sequence[Sequence[Any]], model: PushModel, count: int) -> Iterator[str]:
    """Each row with the values it has; a column that is declared later changes none of them."""
    names = model.columns.names
    for row in zip(*values, strict=True) if values else repeat((), count):
        yield orjson.dumps({name: value for name, value in zip(names, row, strict=True) if value is not None}).decode()


_KINDS: Mapping[type, str] = {
    dict: "an object",
    Doubled: "an object",
    list: "an array",
    bool: "a truth value",
    int: "a number",
    Figure: "a number",
    str: "a text",
    NoneType: "null",
}


def _kind(value: object) -> str:
    return _KINDS[type(value)]
