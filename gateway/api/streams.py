"""Answers that are sent piece by piece: an export of any length in bounded memory."""

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from gateway.api.formats import MEDIA_TYPES, Format
from gateway.api.slots import Slots
from gateway.link.pages import ColumnPage

__all__ = ["only", "streamed", "within"]


async def streamed(pieces: AsyncIterator[bytes], kind: Format, name: str) -> Response:
    """The pieces as a file of that name. What goes wrong before the first one is an answer, and no broken stream."""
    return StreamingResponse(
        await _begun(pieces), media_type=MEDIA_TYPES[kind],
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "private, no-store",
            "Vary": "Accept, Authorization, Cookie",
        },
    )  # fmt: skip


async def within(slots: Slots, pages: AsyncIterator[ColumnPage]) -> AsyncIterator[ColumnPage]:
    """A slot is held for the time of each page, not while a slow reader takes it. Only the first may be refused."""
    slot = slots.one
    while True:
        async with slot():
            page = await anext(pages, None)
        if page is None:
            return
        yield page
        slot = slots.another


async def only(page: ColumnPage) -> AsyncIterator[ColumnPage]:
    """The one page."""
    yield page


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    first = await anext(pieces, b"")

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_it()
