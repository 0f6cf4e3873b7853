"""Opening a file, packed or not."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO, cast

from syncline import DataError


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
