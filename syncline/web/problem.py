"""What is wrong with a request, as programs (RFC 9457) and people are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

from starlette.exceptions import HTTPException

from syncline.authored import Exists, Moved, NotOurs
from syncline.errors import Busy, ConfigError, DataError, SynclineError, TransientError, Withheld
from syncline.people import Refused, Throttled

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[type[SynclineError], int] = {
    Throttled: 429,
    Exists: 409,
    Moved: 412,
    NotOurs: 403,
    Refused: 401,
    Busy: 409,
    Withheld: 409,
    ConfigError: 422,
    DataError: 422,
    TransientError: 503,
}


_TITLES = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""As RFC 9110 calls them, and Python since 3.13: clients tell problems by their type, whichever Python serves them."""


@dataclass(frozen=True, slots=True)
class At:
    """What is wrong at one place of a request.

    Args:
        detail: what is wrong.
        path: the way to the place in the body: `(3, "name")` is the field `name` of item 3.
        parameter: the parameter of the address that is wrong, instead of a place in the body.
    """

    detail: str
    path: tuple[str | int, ...] = ()
    parameter: str = ""

    def as_json(self) -> dict[str, Any]:
        """As programs are told: with a JSON pointer, and item and field where there are such.

        Example:
            >>> At("too long", (3, "na/me")).as_json()
            {'detail': 'too long', 'pointer': '#/3/na~1me', 'item': 3, 'field': 'na/me'}
        """
        if self.parameter:
            return {"detail": self.detail, "parameter": self.parameter}
        parts = (str(part).replace("~", "~0").replace("/", "~1") for part in self.path)
        items = [part for part in self.path if isinstance(part, int)]
        fields = [part for part in self.path if isinstance(part, str)]
        found: dict[str, Any] = {"detail": self.detail, "pointer": "#" + "".join(f"/{part}" for part in parts)}
        return found | ({"item": items[0]} if items else {}) | ({"field": fields[-1]} if fields else {})


class Problem(HTTPException):
    """A request that cannot be answered as asked: what is wrong, and what to do about it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        hint: str = "",
        errors: Sequence[At] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, detail, headers)
        self.hint = hint
        self.errors = tuple(errors)
        self.more = more

    @property
    def title(self) -> str:
        """The status in words."""
        return _TITLES.get(self.status_code) or HTTPStatus(self.status_code).phrase

    def as_json(self) -> dict[str, Any]:
        """As programs are told."""
        kind = self.title.lower().replace(" ", "-")
        told: dict[str, Any] = {"type": f"urn:syncline:problem:{kind}", "title": self.title, "status": self.status_code}
        told["detail"] = self.detail
        if self.hint:
            told["hint"] = self.hint
        if self.errors:
            told["errors"] = [error.as_json() for error in self.errors]
        return told | self.more


def not_found(what: str) -> NoReturn:
    """Say that there is no such thing, or none the caller may know of."""
    raise Problem(404, f"there is no {what}")


def forbidden(detail: str, hint: str = "") -> NoReturn:
    """Say that the caller is known but may not do this."""
    raise Problem(403, detail, hint=hint)


def invalid(errors: Sequence[At]) -> NoReturn:
    """Say what is wrong with what was sent, place by place."""
    raise Problem(422, _count(errors), errors=errors)


def of_error(error: SynclineError) -> Problem:
    """What a request is told when an error of ours ends it."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    wait = getattr(error, "retry_after", None)
    headers = {} if wait is None else {"Retry-After": str(max(round(wait), 1))}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    more: dict[str, Any] = {"run": error.run} if isinstance(error, Busy) else {}
    place = f"{error.where}: " if error.where else ""
    return Problem(status, f"{place}{error.message}", hint=error.hint, headers=headers, **more)


def of_validation(found: Sequence[Mapping[str, Any]]) -> Problem:
    """What a request is told whose parameters or body do not fit; the values themselves are not repeated."""
    errors = [_at(error) for error in found]
    return Problem(422, _count(errors), errors=errors)


def _at(error: Mapping[str, Any]) -> At:
    place, *path = error["loc"]
    if error["type"] == "json_invalid":
        return At(f"this is not JSON: {error['ctx']['error']}, at character {path[0]}")
    if place != "body":
        return At(error["msg"], parameter=str(path[0]) if path else str(place))
    return At(error["msg"], tuple(path))


def _count(errors: Sequence[At]) -> str:
    return "one value does not fit" if len(errors) == 1 else f"{len(errors)} values do not fit"
