"""JSON of strangers: read as it is written, digit by digit, or refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from syncline.errors import DataError


class Figure(str):
    """A number with a point or an exponent, with all its digits."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Doubled:
    """An object in which a name stands twice, so that nobody knows what it says."""

    name: str


def items(body: bytes) -> list[Any]:
    """The items of an array.

    Raises:
        DataError: it is not an array in JSON, or not UTF-8.

    Example:
        >>> items(b'[{"a": 1.50}, {"a": 1, "a": 2}]')
        [{'a': '1.50'}, Doubled(name='a')]
    """
    try:
        found = _DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError("the body is not UTF-8") from error
    except RecursionError as error:
        raise DataError("the body is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise DataError(f"the body is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except ValueError as error:
        raise DataError("the body has a number of thousands of digits") from error
    if not isinstance(found, list):
        raise DataError("the body is not an array of items", hint="[{…}, {…}]")
    return found


def _object(pairs: Sequence[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    return Doubled(next(name for name in names if names.count(name) > 1))


def _refused(constant: str) -> NoReturn:
    raise DataError(f"the body is not JSON: {constant} is not a number there")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Figure, parse_constant=_refused)
