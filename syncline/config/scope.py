"""What a setting holds for; the nearest scope that says it wins."""

from __future__ import annotations

from dataclasses import replace

from syncline.config.node import Node

SCOPES = ("model", "connection", "destination", "tenant", "workspace")
"""From near to far."""


def chain(*scopes: Node | None) -> Node | None:
    """One over the other, the nearest first; what says nothing is left out."""
    whole: Node | None = None
    for node in reversed(scopes):
        if node is not None:
            whole = _over(node, whole)
    return whole


def _over(near: Node, far: Node | None) -> Node:
    return replace(near, under=far if near.under is None else _over(near.under, far))


def distance(node: Node) -> int:
    """How far from the model it stands."""
    return SCOPES.index(node.scope)
