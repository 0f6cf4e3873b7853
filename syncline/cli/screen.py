"""How things look: tables, numbers and times for people, JSON for programs."""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from syncline.errors import ConfigError, SynclineError

if TYPE_CHECKING:
    from rich.console import Console

_MINUTE, _HOUR, _SHORT = 60, 3600, 10
_GAP, _LEAST, _WORD = "  ", 4, 12


def console(*, error: bool = False) -> Console:
    """A terminal to print to, in colours unless NO_COLOR is set."""
    from rich.console import Console  # noqa: PLC0415 - a pipe needs none

    return Console(stderr=error, markup=False, highlight=False, emoji=False)


def say(text: str = "") -> None:
    """One line for people, on stdout."""
    print(text, flush=True)  # noqa: T201 - this is what a command line does


def note(text: str) -> None:
    """One line beside the output, on stderr; a run goes on even if nobody reads it."""
    with suppress(BrokenPipeError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def say_error(error: SynclineError) -> None:
    """The error and, on a line of its own, what to do about it; where there are several, each of them."""
    for one in error.each if isinstance(error, ConfigError) else (error,):
        place = f"{one.where}: " if one.where else ""
        note(f"Error: {place}{one.message}")
        if one.hint:
            note(f"  → {one.hint}")


def say_json(data: object) -> None:
    """JSON on stdout, for programs."""
    say(json.dumps(data, indent=2, ensure_ascii=False, default=_json))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()) -> None:
    """Rows under titles; the columns named in `right` are numbers."""
    aligned = ["right" if title in set(right) else "left" for title in titles]
    if sys.stdout.isatty():
        _framed(titles, rows, aligned)
    else:
        _lined_up([titles, *rows], aligned)


def _framed(titles: Sequence[str], rows: Iterable[Sequence[str]], aligned: Sequence[str]) -> None:
    from rich import box  # noqa: PLC0415 - a pipe needs none
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows, screen = list(rows), console()
    widths = _widths([titles, *rows], aligned, screen.width)
    if widths is None:
        _lined_up([titles, *rows], aligned)
        return
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for index, (title, side, width) in enumerate(zip(titles, aligned, widths, strict=True)):
        last = index == len(titles) - 1  # the one with long texts
        made.add_column(
            title,
            justify="right" if side == "right" else "left",
            width=width,
            no_wrap=not last,
            overflow="fold" if last else "ellipsis",
        )
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    screen.print(made)


def _widths(rows: Sequence[Sequence[str]], aligned: Sequence[str], room: int) -> list[int] | None:
    """How wide each column may be: texts and titles are shortened, figures and the last column's words never are.

    None: there is not even room for that.
    """
    from rich.cells import cell_len  # noqa: PLC0415 - a pipe needs none

    columns = [[cell_len(cell) for cell in column] for column in zip(*rows, strict=True)]
    whole = [max(column) for column in columns]
    least = [
        max(_LEAST, *column[1:]) if side == "right" and column[1:] else min(_LEAST, width)
        for column, side, width in zip(columns, aligned, whole, strict=True)
    ]
    least[-1] = min(whole[-1], _WORD)
    widths, room = list(whole), room - len(_GAP) * (len(whole) - 1)
    widths[-1] = max(least[-1], min(whole[-1], room - sum(whole[:-1])))
    while sum(widths) > room:
        long = [index for index, width in enumerate(widths) if width > least[index]]
        if not long:
            return None
        widths[max(long, key=lambda index: (index > 0, widths[index]))] -= 1  # what names the row goes last
    return widths


def _lined_up(rows: Sequence[Sequence[str]], aligned: Sequence[str]) -> None:
    """Plain lines: nothing is wrapped or cut."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, aligned, strict=True)
        say(
            _GAP.join(
                cell.rjust(width) if side == "right" else cell.ljust(width) for cell, width, side in cells
            ).rstrip()
        )


def number(count: int) -> str:
    """A count for people.

    Example:
        >>> number(1234567)
        '1,234,567'
    """
    return f"{count:,}"


def plural(count: int, thing: str) -> str:
    """A count with its word.

    Example:
        >>> plural(1, "row"), plural(2000, "row")
        ('1 row', '2,000 rows')
    """
    return f"{number(count)} {thing}{'' if count == 1 else 's'}"


def lasting(start: datetime | None, end: datetime | None) -> str:
    """How long something took, for people.

    Example:
        >>> lasting(datetime(2026, 1, 1, 12, 0, 0), datetime(2026, 1, 1, 12, 2, 5))
        '2 min 5 s'
    """
    if start is None or end is None:
        return ""
    seconds = (end - start).total_seconds()
    if seconds < _SHORT:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def moment(when: datetime | None) -> str:
    """A time in the zone of this machine."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else ""


def value(cell: object, limit: int = 40) -> str:
    r"""One value of a row, shortened, in one line.

    Example:
        >>> value("two\nlines"), value(None), value(date(2026, 1, 31))
        ('two\\nlines', 'NULL', '2026-01-31')
    """
    if cell is None:
        return "NULL"
    text = _json(cell) if not isinstance(cell, (str, int, float)) else str(cell)
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[: limit + 1])
    return shown if len(text) <= limit else f"{shown[: limit - 1]}…"


def plain(row: Mapping[str, object] | None) -> dict[str, Any] | None:
    """A row as JSON can hold it: NaN and infinities become texts."""
    if row is None:
        return None
    return {
        name: str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell for name, cell in row.items()
    }


def _json(cell: object) -> str:
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return base64.b64encode(cell).decode() if isinstance(cell, bytes) else str(cell)
