"""Which pages there are: address -> who builds it."""

from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.console import Console
from gateway.console.page import Page, open_page
from gateway.console.pages.access import access_page
from gateway.console.pages.alarms import alarms_page
from gateway.console.pages.asset import asset_page
from gateway.console.pages.city import city_page
from gateway.console.pages.configuration import configuration_page
from gateway.console.pages.documents import documents_page
from gateway.console.pages.flow import flow_page
from gateway.console.pages.incidents import incidents_page
from gateway.console.pages.streams import streams_page

__all__ = ["PAGES", "add_pages"]

Build = Callable[[Page, Mapping[str, str]], Awaitable[None]]

PAGES: Mapping[str, tuple[str, Build]] = {
    "/": ("city", city_page),
    "/asset": ("city", asset_page),
    "/alarms": ("alarms", alarms_page),
    "/incidents": ("incidents", incidents_page),
    "/documents": ("documents", documents_page),
    "/streams": ("streams", streams_page),
    "/access": ("access", access_page),
    "/configuration": ("configuration", configuration_page),
    "/flow": ("flow", flow_page),
}
"""Address -> (name of its navigation entry, what builds it from the address's query)."""


def add_pages(console: Console, style_version: str) -> None:
    """Register them with NiceGUI."""
    for address, (name, build) in PAGES.items():
        ui.page(address)(_page(console, style_version, name, build))


def _page(console: Console, version: str, name: str, build: Build) -> Callable[[Request], Awaitable[Response | None]]:
    async def show(request: Request) -> Response | None:
        page = open_page(console, request, name, version)
        if isinstance(page, Response):
            return page
        await build(page, dict(request.query_params))
        return None

    return show
