"""What can go wrong, named by what the caller can do; each says what is wrong and, as `remedy`, what to do instead.

GatewayError
+-- ApiProblem        the service answered with a problem document (RFC 9457)
|   +-- WrongQuestion     it can't be answered as it is: 400, 405, 406, 422; `errors` says which values are wrong
|   +-- NoAccess          no token, one that doesn't count, or one that may not: 401, 403
|   +-- NotThere          what was named is not there: 404
|   +-- NotNow            not possible as things stand: 409
|   +-- TooMuch           ask for less at once: 413
|   +-- Busy              too many at once, also after trying again: 429
|   +-- Away              gateway or database do not answer now, also after trying again: 503, 504
|   +-- Failed            the service failed: 500
+-- Unreachable       nobody answers there, or not in time
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.errors import GatewayError

__all__ = [
    "ApiProblem", "Away", "Busy", "Failed", "NoAccess", "NotNow", "NotThere", "TooMuch", "Unreachable", "WrongQuestion",
    "problem_of",
]  # fmt: skip


class ApiProblem(GatewayError):
    """The service answered with a problem document."""

    def __init__(self, details: "_Details", status: int) -> None:
        super().__init__(details.detail or details.title, details.remedy)
        self.status = status
        self.kind = details.type.rpartition(":")[2]
        """Such as `not-there`: stays what it is while words change."""
        self.errors: Sequence[Mapping[str, Any]] = details.errors or ()
        """Of wrong values: `where` each is, and its `problem`."""


class WrongQuestion(ApiProblem):
    """It can't be answered as it is."""


class NoAccess(ApiProblem):
    """No token, one that doesn't count, or one that may not."""


class NotThere(ApiProblem):
    """What was named is not there."""


class NotNow(ApiProblem):
    """Not possible as things stand."""


class TooMuch(ApiProblem):
    """Ask for less at once."""


class Busy(ApiProblem):
    """Too many at once, also after trying again."""


class Away(ApiProblem):
    """Gateway or database do not answer now, also after trying again."""


class Failed(ApiProblem):
    """The service failed."""


class Unreachable(GatewayError):
    """Nobody answers there, or not in time."""


class _Details(msgspec.Struct):
    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    remedy: str = ""
    errors: list[dict[str, Any]] | None = None


_KINDS: Mapping[int, type[ApiProblem]] = {
    401: NoAccess, 403: NoAccess, 404: NotThere, 409: NotNow, 413: TooMuch, 429: Busy, 503: Away, 504: Away,
}  # fmt: skip
_SERVER = 500


def problem_of(status: int, body: bytes) -> ApiProblem:
    """The exception for an answer that is none of the good ones."""
    try:
        details = msgspec.json.decode(body, type=_Details)
    except (msgspec.DecodeError, UnicodeDecodeError):
        details = _Details(
            detail=f"The answer was {status} and no problem document.", remedy="Is that the address of a CityLoom?"
        )
    return _KINDS.get(status, Failed if status >= _SERVER else WrongQuestion)(details, status)
