"""A model whose rows are pushed, as `syncline.yaml` declares it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from syncline.model import DataModel

GUID, COMPANY = "guid", "company_guid"
"""The fields every item may have: what names it, and whose it is."""
MOST = 1000


@dataclass(frozen=True, slots=True)
class PushModel:
    """What an item of a model is.

    Args:
        name: as it stands in the address, `/api/v1/sync/{name}`.
        columns: its columns, beside `guid`.
        required: those that must have a value.
        batch: how many items one request may bring (P5.17).

    Example:
        >>> pieces = PushModel("pieces", pa.schema({"mark": pa.string()}), ("mark",))
        >>> pieces.model.schema.names, pieces.model.key
        (['guid', 'mark'], ('guid',))
    """

    name: str
    columns: pa.Schema
    required: tuple[str, ...] = ()
    batch: int = MOST

    @property
    def model(self) -> DataModel:
        """What a row of it is; its key is the GUID."""
        return DataModel(self.name, pa.schema([pa.field(GUID, pa.string()), *self.columns]), (GUID,))
