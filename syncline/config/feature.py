"""What a connection lets people do, as a file declares it."""

from __future__ import annotations

from dataclasses import dataclass

from syncline.config import shape
from syncline.config.key import Key
from syncline.config.node import Node
from syncline.connection import Download
from syncline.model import SyncMode

_KNOWN = [*SyncMode, *Download]


@dataclass(frozen=True, slots=True)
class Features:
    """Which runs may be asked for, and which files downloaded."""

    modes: frozenset[SyncMode] = frozenset(SyncMode)
    downloads: frozenset[Download] = frozenset()


def features(node: Node) -> Features:
    """The features in a list; a date needs the cursor that incremental runs have, so it comes with them."""
    named = {item.choice(_KNOWN) for item in node.items()}
    modes = {mode for mode in SyncMode if mode in named}
    if not modes & {SyncMode.INCREMENTAL, SyncMode.FULL}:
        node.wrong("neither incremental nor full is enabled", "`features: [incremental, full]`")  # P1.13
    dated = {SyncMode.FROM_DATE} if SyncMode.INCREMENTAL in modes else set()
    return Features(frozenset(modes | dated), frozenset(one for one in Download if one in named))


KEY = Key(
    features,
    shape.words("What may be asked for: kinds of runs (left out: all), and downloads (left out: none).", _KNOWN),
)
