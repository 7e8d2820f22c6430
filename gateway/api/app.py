"""The application: routes under /api/v1, health and metrics, errors as problems, headers, compression."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from time import time_ns
from typing import cast

from fastapi import APIRouter, FastAPI

from gateway.access.audit_chain import Outcome
from gateway.access.principal import Principal
from gateway.api import problems
from gateway.api.acts import Repeats
from gateway.api.compression import Compression
from gateway.api.doors import Gatekeeper, install_state
from gateway.api.gatekeeper import GateKeeper
from gateway.api.headers import BodyLimit, SecurityHeaders
from gateway.api.openapi import document_of
from gateway.api.routes import (
    access,
    alarms,
    dead_letters,
    devices,
    docs,
    documents,
    figures,
    health,
    incidents,
    latest,
    live,
    operation,
    places,
    profiles,
    readings,
    reports,
    rollups,
    session,
    usual,
)
from gateway.api.slots import Slots
from gateway.link.link import Link
from gateway.reports.press import Press

__all__ = ["PREFIX", "make_app"]

PREFIX = "/api/v1"
_LARGEST_BODY = 1 << 20
_ROUTERS = (
    devices.router, places.router, readings.router, latest.router, usual.router, figures.router, rollups.router,
    live.router,
    alarms.router, incidents.router, reports.router, documents.router, dead_letters.router, operation.router,
    profiles.router, health.router, session.router, access.router, docs.router,
)  # fmt: skip
_DESCRIPTION = """\
A city's sensor streams: devices, readings, aggregates, conditions, alarms, incidents and citizens' reports.

Every answer but health needs a token: `Authorization: Bearer cl_...` (`cityloom access create` makes one). Errors are
RFC 9457 problem details with a `remedy`. Times are RFC 3339 in UTC, to the nanosecond.
"""


def make_app(link: Link, gatekeeper: Gatekeeper) -> FastAPI:
    """The application on a link that somebody else opens and closes."""

    def note(who: Principal, act: str, what: str, detail: str, outcome: Outcome) -> None:
        cast(GateKeeper, gatekeeper).gate.done(who, act, time_ns(), what, detail, outcome)

    press = Press(link.settings, note, newest=lambda: link.settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        press.start()
        try:
            yield
        finally:
            await press.close()

    app = FastAPI(
        title="CityLoom", version=version("cityloom"), description=_DESCRIPTION, openapi_url=None, docs_url=None,
        redoc_url=None, lifespan=lifespan, generate_unique_id_function=lambda route: str(route.name),
    )  # fmt: skip
    web = link.settings.web
    install_state(app, link, gatekeeper, slots=Slots(web.max_queries, web.query_secs), repeats=Repeats(), press=press)
    problems.install(app)
    api = APIRouter(prefix=PREFIX)
    for router in _ROUTERS:
        api.include_router(router)
    app.include_router(api)
    app.include_router(health.root)
    app.openapi = lambda: document_of(app)  # type: ignore[method-assign]
    app.add_middleware(Compression)
    app.add_middleware(BodyLimit, most=_LARGEST_BODY)
    app.add_middleware(SecurityHeaders)
    return app
