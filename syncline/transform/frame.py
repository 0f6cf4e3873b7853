"""pandas frames whose columns are Arrow's, so that no value changes on the way there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from syncline.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Columns: TypeAlias = "dict[str, pa.Array | pa.ChunkedArray | list[object]]"


def to_frame(rows: pa.Table) -> pd.DataFrame:
    """Rows as a frame with Arrow dtypes: NULL is not NaN, and large integers and decimals stay what they are."""
    import pandas as pd  # noqa: PLC0415 - a third of a second, and only for those who ask for it

    return rows.to_pandas(types_mapper=pd.ArrowDtype)


def from_frame(frame: pd.DataFrame) -> Columns:
    """The columns of a frame without its index. NaN in a column of pandas' own dtypes means NULL, as it does there.

    Raises:
        DataError: a column's name is not a text, or stands twice.
    """
    names = list(frame.columns)
    for name in names:
        if not isinstance(name, str):
            raise DataError(f"the frame has a column {name!r}, which is no text", hint="rename it")
        if names.count(name) > 1:
            raise DataError(f"the frame has the column `{name}` twice")
    return {name: _column(frame[name]) for name in names}


def _column(series: pd.Series) -> pa.Array | pa.ChunkedArray | list[object]:
    try:
        return pa.array(series, from_pandas=True)
    except pa.ArrowException:  # values of several types: they are looked at one by one
        return [None if missing else value for value, missing in zip(series, series.isna(), strict=True)]
