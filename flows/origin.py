"""Whether the code that runs is ours."""

from __future__ import annotations

from pathlib import Path

import flows
import syncline
from syncline.errors import ConfigError


def check_origin() -> None:
    """Make sure that `flows` came with Syncline: a folder of that name where a worker was started would win (R36).

    Raises:
        ConfigError: it did not.
    """
    ours = Path(syncline.__file__).parent.parent
    found = Path(flows.__file__ or "").parent
    if found != ours / "flows":
        hint = "start the worker from another folder, or rename that package"
        raise ConfigError(f"`flows` is {found}, which is not Syncline's", where=str(ours), hint=hint)
