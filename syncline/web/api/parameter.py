"""Parameters of addresses: one that is mistyped would else be a filter that lets everything pass."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from syncline.web.problem import At, invalid


def only_known(request: Request) -> None:
    """See that the address has no parameters but those of its route.

    Raises:
        Problem: 422, there are others.
    """
    route: Any = request.scope["route"]
    known = [parameter.alias for parameter in route.dependant.query_params]
    told = f"known are {', '.join(known)}" if known else "there are none here"
    unknown = [At(f"no such parameter; {told}", parameter=name) for name in request.query_params if name not in known]
    if unknown:
        invalid(unknown)
