"""Tables in a terminal, wide and narrow: a result is never dropped, broken or cut."""

import io
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from typing import TypeAlias

import pytest

from syncline.cli.screen import table

Shown: TypeAlias = Callable[[int, Sequence[str], Sequence[str]], list[str]]
RUNS = ["run", "connection", "started", "time", "changes", "owed", "result"]
RUN = ["1a2b3c4d", "warehouse", "2026-01-05 09:00", "12.5 s", "1,234,567", "0", "no_changes"]
MODELS = ["model", "mode", "read", "inserted", "updated", "deleted", "rejected", "time", "result"]
MODEL = ["INVOICE_LINES", "incremental", "1,234", "12", "1", "0", "3", "0.5 s", "success"]


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """The lines of a table with one row, in a terminal with so many columns."""

    def lines(columns: int, titles: Sequence[str], row: Sequence[str]) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        with redirect_stdout(Terminal()) as terminal:
            table(titles, [row], right=titles[3:-1])
        plain = re.sub(r"\x1b\[\d*m", "", terminal.getvalue())
        return [line.rstrip() for line in plain.splitlines()]

    return lines


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize(("titles", "row"), [(RUNS, RUN), (MODELS, MODEL)])
def test_the_result_is_there_in_one_piece(shown: Shown, columns: int, titles: list[str], row: list[str]) -> None:
    title, _, line = shown(columns, titles, row)
    assert max(len(title), len(line)) <= columns
    assert (title.split()[-1], line.split()[-1]) == ("result", row[-1])
    figures = row[3:] if titles is MODELS else [row[0], *row[3:]]
    assert not [figure for figure in figures if figure not in line]


def test_a_long_text_in_the_last_column_goes_on_in_the_next_line(shown: Shown) -> None:
    text = "the table books is also that of another connection"
    lines = shown(40, ["model", "result"], ["BOOKS", text])
    assert max(map(len, lines)) <= 40
    assert " ".join(line[5:].strip() for line in lines[2:]) == text


def test_where_nothing_helps_nothing_is_cut(shown: Shown) -> None:
    assert shown(20, RUNS, RUN)[1].split() == " ".join(RUN).split()
