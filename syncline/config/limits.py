"""Limits as a file declares them."""

from __future__ import annotations

from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, values, within
from syncline.config.node import Node
from syncline.connection import Limits


def _share(node: Node) -> float:
    share = node.number()
    if not 0 <= share <= 1:
        node.unfit("a share from 0 to 1, or from 0% to 100%")
    return share


def _at_least(node: Node) -> int:
    rows = node.integer()
    if rows < 0:
        node.unfit("0 or more")
    return rows


_USUAL = Limits()
LIMITS: Keys = {
    "deleted": Key(
        _share,
        shape.share(
            "A run that would delete more than this share waits for a person.", default=f"{_USUAL.deleted:.0%}"
        ),
    ),
    "at_least": Key(
        _at_least, shape.integer("Below so many rows the share does not count.", minimum=0, default=_USUAL.at_least)
    ),
    "rejected": Key(
        _share, shape.share("A run in which more rows than this do not fit stops.", default=f"{_USUAL.rejected:.0%}")
    ),
}


def limits(node: Node) -> Limits:
    """The limits in a `limits:` mapping; what nobody says is as usual."""
    return Limits(**values(nodes(node, LIMITS), LIMITS))


KEY = within(limits, "When a run stops and asks.", LIMITS)
