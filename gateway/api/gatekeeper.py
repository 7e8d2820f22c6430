"""Who asks: a bearer token, or the cookie of a browser that signed in. Denied tries go into the audit log.

Authorization: Bearer cl_...          applications
Cookie: cityloom_session=...          the console; what changes something also needs X-CSRF-Token
"""

import time
from contextlib import suppress

from starlette.requests import HTTPConnection

from gateway.access.gate import Gate
from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.problems import Problem
from gateway.config.city import City
from gateway.errors import NotAllowed, NotSignedIn, StoreError, Throttled

__all__ = ["COOKIE", "CSRF_HEADER", "GateKeeper", "address_of"]

COOKIE = "cityloom_session"
CSRF_HEADER = "x-csrf-token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class GateKeeper:
    """A `Gatekeeper` by the gate. Times are of the machine's clock."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._city: City | None = None

    def who(self, connection: HTTPConnection) -> Principal:
        """Raises Problem: 401, 403, 429, 503."""
        self._know(connection.app.state.link.city)
        now, address = time.time_ns(), address_of(connection)
        try:
            if token := _bearer(connection):
                return self.gate.bearer(token, now, address)
            cookie = connection.cookies.get(COOKIE, "")
            if not cookie:
                raise NotSignedIn("This needs a token.", "Send it as `Authorization: Bearer cl_...`.")
            session = self.gate.resume(cookie, now, address)
            if connection.scope["type"] == "websocket":
                _from_here(connection)
            elif connection.scope["method"] not in _SAFE:
                said = connection.headers.get(CSRF_HEADER, "")
                self.gate.same_site(session, said, now, _act_of(connection))
        except NotSignedIn as error:
            headers = {"WWW-Authenticate": 'Bearer realm="cityloom"'}
            raise Problem("not-signed-in", error.problem, error.remedy, headers=headers) from error
        except NotAllowed as error:
            raise Problem("not-permitted", error.problem, error.remedy) from error
        except Throttled as error:
            wait = {"Retry-After": str(int(error.after))}
            raise Problem("too-many", error.problem, error.remedy, headers=wait) from error
        except StoreError as error:
            raise Problem("store-away", error.problem, error.remedy, headers={"Retry-After": "2"}) from error
        return session.who

    def still(self, connection: HTTPConnection) -> bool:
        """Whether token or session counts yet. While records.db can't be read nobody is sent away."""
        now, token, cookie = time.time_ns(), _bearer(connection), connection.cookies.get(COOKIE, "")
        try:
            if token:
                return self.gate.tokens.check(token, now) is not None
            return self.gate.sessions.resume(cookie, now, address_of(connection)) is not None
        except StoreError:
            return True

    def _know(self, city: City) -> None:
        """A district's token is for the feeders and metered areas in it, as the city is now."""
        if city is not self._city:
            self.gate.place({zone.id: zone.parent for zone in city.zones if zone.parent})
            self._city = city

    def denied(self, connection: HTTPConnection, who: Principal, permission: Permission) -> None:
        """Into the audit log, as far as it can be written: the answer is no in any case."""
        with suppress(StoreError):
            self.gate.denials.note(time.time_ns(), who, _act_of(connection), connection.url.path, f"needs {permission}")


def address_of(connection: HTTPConnection) -> str:
    """Of the asker: behind a trusted proxy what that says."""
    return connection.client.host if connection.client is not None else ""


def _bearer(connection: HTTPConnection) -> str:
    """The token of the Authorization header; empty where there is none."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _act_of(connection: HTTPConnection) -> str:
    """What the audit log calls it: the name of the route's function."""
    endpoint = connection.scope.get("endpoint")
    return f"api.{getattr(endpoint, '__name__', 'unknown')}"


def _from_here(connection: HTTPConnection) -> None:
    """A browser sends cookies with WebSockets of any page: only our own may open one."""
    origin = connection.headers.get("origin", "")
    if origin and origin.partition("://")[2] != connection.headers.get("host", ""):
        raise Problem("not-permitted", "That came from a page of another site.", "Use a bearer token instead.")
