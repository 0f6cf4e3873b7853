"""How a file is written: what one may choose, and for which formats."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

from syncline.errors import ConfigError
from syncline.export.template import Template

Format: TypeAlias = Literal["csv", "tsv", "json", "jsonl", "parquet", "xlsx", "xml"]
FORMATS: tuple[Format, ...] = get_args(Format)

_MOMENTS = {"date", "time", "timestamp", "timezone"}
_WORDS = _MOMENTS | {"columns", "compression", "decimal", "digits", "null", "booleans"}
_LINES = _WORDS | {"header", "quote", "line_ending", "encoding", "escape_formulas"}
FITTING: dict[Format, frozenset[str]] = {
    "csv": frozenset(_LINES | {"delimiter"}),
    "tsv": frozenset(_LINES),
    "json": frozenset(_MOMENTS | {"columns", "compression"}),
    "jsonl": frozenset(_MOMENTS | {"columns", "compression"}),
    "parquet": frozenset({"columns"}),
    "xlsx": frozenset(_MOMENTS | {"columns", "header", "digits", "sheet"}),
    "xml": frozenset(_WORDS | {"template"}),
}
"""The options that each format knows."""

_DIRECTIVES = frozenset("YmdHMSyjaAbBIpeFTuwVGzZ")
_SUBSECONDS = "%S.%f"
_MOST_DIGITS = 15
_SHEET = re.compile(r"(?!')[^\[\]:*?/\\]{1,31}(?<!')")


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is written; each format knows some of these, `FITTING` says which.

    Args:
        columns: which, in which order, each with what it is called in the file; none: all as they are.
        compression: `gzip`, or nothing.
        header: whether the names of the columns stand first.
        delimiter: one character between the values.
        quote: one character around values that need it.
        line_ending: `lf` or `crlf`.
        encoding: of the text; `utf-8-sig` is what Excel understands without being told.
        escape_formulas: whether texts that a spreadsheet would take for a formula get a `'` before them.
        null: what stands for NULL.
        booleans: what stands for true and for false.
        decimal: the decimal sign of numbers.
        digits: how many digits decimals and floats have after it; None: as many as the value has.
        date: how a date is written, as in `%d.%m.%Y`; empty: ISO 8601, as for the next two.
        time: how a time of day is written.
        timestamp: how a timestamp is written.
        timezone: the time zone in which timestamps that have one are shown; empty: as they are.
        sheet: the name of the sheet.
        template: the Jinja2 template that makes the file.

    Raises:
        ConfigError: a value is none that could be written.
    """

    columns: tuple[tuple[str, str], ...] = ()
    compression: Literal["", "gzip"] = ""
    header: bool = True
    delimiter: str = ","
    quote: str = '"'
    line_ending: Literal["lf", "crlf"] = "lf"
    encoding: str = "utf-8"
    escape_formulas: bool = False
    null: str = ""
    booleans: tuple[str, str] = ("true", "false")
    decimal: Literal[".", ","] = "."
    digits: int | None = None
    date: str = ""
    time: str = ""
    timestamp: str = ""
    timezone: str = ""
    sheet: str = "Sheet1"
    template: Template | None = None

    def __post_init__(self) -> None:
        _check_columns(self.columns)
        _check_marks(self)
        for name in ("date", "time", "timestamp"):
            _check_moment(name, getattr(self, name))
        if self.digits is not None and not 0 <= self.digits <= _MOST_DIGITS:
            raise ConfigError(f"`digits` is {self.digits}", hint=f"0 to {_MOST_DIGITS}")
        if self.booleans[0] == self.booleans[1]:
            raise ConfigError("true and false look the same in `booleans`", hint="e.g. `booleans: [yes, no]`")
        if self.timezone and not _is_known(self.timezone):
            raise ConfigError(f"`{self.timezone}` is no time zone", hint="e.g. Europe/Berlin")
        if not _SHEET.fullmatch(self.sheet):
            raise ConfigError(f"`{self.sheet}` cannot name a sheet", hint="at most 31 characters, none of []:*?/\\")

    def chosen(self) -> dict[str, Any]:
        r"""What differs from the default.

        Example:
            >>> Options(delimiter="\t", digits=2).chosen()
            {'delimiter': '\t', 'digits': 2}
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value != _DEFAULT[name]}


_DEFAULT: dict[str, Any] = {field.name: field.default for field in fields(Options)}


def _check_columns(columns: tuple[tuple[str, str], ...]) -> None:
    twice = [name for name, count in Counter(header for _, header in columns).items() if count > 1]
    if twice:
        raise ConfigError(f"two columns are called `{twice[0]}`", hint="call one of them otherwise in `columns:`")


def _check_marks(options: Options) -> None:
    for name in ("delimiter", "quote"):
        mark = getattr(options, name)
        if len(mark) != 1 or mark in "\r\n":
            raise ConfigError(f"`{name}` is {mark!r}", hint="it is one character")
    if options.delimiter == options.quote:
        raise ConfigError(f"`delimiter` and `quote` are both {options.quote!r}")
    if set(options.null) & {options.delimiter, options.quote, "\r", "\n"}:
        raise ConfigError(f"`null` is {options.null!r}", hint="it has no delimiter, quote or line ending in it")
    try:
        in_bytes = options.delimiter.encode(options.encoding)
    except UnicodeError as error:
        raise ConfigError(f"the delimiter {options.delimiter!r} is not in {options.encoding}") from error
    except (LookupError, ValueError):  # a null byte is no word to Python
        raise ConfigError(f"`{options.encoding}` is no encoding", hint="e.g. utf-8-sig or latin-1") from None
    if in_bytes.decode(options.encoding) != options.delimiter:
        raise ConfigError(f"`{codecs.lookup(options.encoding).name}` cannot be read again")


def _check_moment(name: str, pattern: str) -> None:
    unknown = [one for one in re.findall(r"%(.?)", pattern.replace(_SUBSECONDS, "")) if one not in _DIRECTIVES]
    if unknown:
        hint = "e.g. %d.%m.%Y %H:%M:%S, or %S.%f for parts of a second"
        raise ConfigError(f"`{name}`: `%{unknown[0]}` is not known", hint=hint)


def _is_known(timezone: str) -> bool:
    try:
        return bool(ZoneInfo(timezone))
    except (KeyError, ValueError, OSError):
        return False
