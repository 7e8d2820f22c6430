"""Work for somebody who may leave before it is done: it ends with them."""

from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

from starlette.requests import ClientDisconnect, Request

from gateway.tasks import first_ended

__all__ = ["while_asked"]

T = TypeVar("T")


async def while_asked(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work while whoever made the request is there; its body must have been read, or there is none.

    Raises:
        ClientDisconnect: they left, and the work is cancelled.
    """
    return await first_ended(work, _leave(request))


async def _leave(request: Request) -> NoReturn:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise ClientDisconnect
