"""`/asset?id=...`: a device, an asset or a zone, whichever is called so."""

from collections.abc import Mapping

from gateway.console.nodes import el, link
from gateway.console.page import Page
from gateway.console.pages.device import device_page
from gateway.console.pages.place import place_page

__all__ = ["asset_page"]


async def asset_page(page: Page, query: Mapping[str, str]) -> None:
    """Look what it is, and show it."""
    name = query.get("id", "")
    console, words = page.console, page.words
    place = console.places.get(name)
    if place is not None:
        await place_page(page, place)
        return
    if not any(each["id"] == name for each in await console.feed.devices_now()):
        page.title(words("nav.city"))
        page.show(
            el("div.page", el("h1", words("asset.unknown", name=name), id="content", tabindex="-1"),
               el("p", link(words("nav.city"), "/"))), {},
        )  # fmt: skip
        return
    await device_page(page, name)
