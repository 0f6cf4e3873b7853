"""Opening a file, packed or not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from syncline import DataError

LONGEST = 8 << 20
"""Letters of a line: a file of some megabytes may unpack to one that no memory holds."""


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked where its suffix is `.gz`.

    Raises:
        DataError: it should be packed, but there is nothing in it.
    """
    if path.suffix != ".gz":
        return path.open("rb")
    if path.stat().st_size == 0:  # what reads gzip takes this for a whole file
        raise DataError("the file is empty", where=str(path), hint="was it cut off?")
    return cast("BinaryIO", gzip.open(path))


def lines(text: TextIO, path: Path) -> Iterator[str]:
    """The lines of a text.

    Raises:
        DataError: one is longer than a line is.
    """
    number = 0
    while line := text.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            hint = "is a quote not closed, or a line end missing?"
            raise DataError(f"the line is longer than {LONGEST >> 20} MB", where=f"{path}:{number}", hint=hint)
        yield line
