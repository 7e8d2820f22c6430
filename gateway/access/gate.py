"""The gate: what API and console ask of access, put together.

    bearer token --> throttle --> token store --+
                                                +--> Principal --> require(permission, zone) --> act --> done(...)
    cookie ------------------> session store ---+                     |
                                                                      +--> NotAllowed, and an entry "denied"

It blocks for the time of a look at records.db (tens of microseconds), and for a write where an act is noted (a few
milliseconds): an event loop calls what writes on a thread.
"""

import hmac
from collections.abc import Mapping
from dataclasses import replace

from gateway.access.audit import AuditLog
from gateway.access.audit_chain import Outcome
from gateway.access.database import AccessDatabase
from gateway.access.denials import Denials
from gateway.access.principal import Principal, may, nobody
from gateway.access.roles import Permission
from gateway.access.sessions import IDLE, LONGEST, Session, SessionStore
from gateway.access.throttle import Throttle, ThrottleConfig
from gateway.access.token_model import Token
from gateway.access.token_text import parse_token
from gateway.access.tokens import TokenStore
from gateway.errors import NotAllowed, NotSignedIn, Throttled

__all__ = ["Gate"]

_WRONG = "That token doesn't count: it is mistyped, expired, or revoked."
_WRONG_REMEDY = "Copy it whole, from cl_ on, or ask an administrator for one: `cityloom access create`."


class Gate:
    """Of one process. Calls may come from any thread."""

    def __init__(
        self, database: AccessDatabase, *, idle: int = IDLE, longest: int = LONGEST,
        throttle: ThrottleConfig | None = None, parents: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """`idle`, `longest`: see SessionStore. `parents`: see `place`."""
        self.place(parents or {})
        self.tokens = TokenStore(database)
        self.sessions = SessionStore(database, idle=idle, longest=longest)
        self.audit = AuditLog(database)
        self.denials = Denials(self.audit)
        self.throttle = Throttle(throttle or ThrottleConfig())

    def place(self, parents: Mapping[str, str]) -> None:
        """Zones that lie in another one, with that one, and count as part of it from now on."""
        self._parents = dict(parents)

    def bearer(self, text: str, now: int, address: str) -> Principal:
        """Who brought this token with a request.

        Raises:
            NotSignedIn: it doesn't count.
            Throttled: too many from there didn't; it was not looked at.
        """
        return self._placed(self._checked(text, now, address, "access.bearer")[0].principal(address))

    def sign_in(self, text: str, now: int, address: str) -> Session:
        """Begin the session of a browser in which a token was pasted. Raises as `bearer` does."""
        token, generation = self._checked(text, now, address, "session.begin")
        begun = self.sessions.begin(now, token, generation, address)
        return replace(begun, who=self._placed(begun.who))

    def resume(self, secret: str, now: int, address: str) -> Session:
        """The session of a cookie.

        Raises:
            NotSignedIn: it is over.
        """
        found = self.sessions.resume(secret, now, address)
        if found is None:
            raise NotSignedIn("Nobody is signed in here, or no longer.", "Sign in with your token.")
        return replace(found, who=self._placed(found.who))

    def same_site(self, session: Session, said: str, now: int, act: str) -> None:
        """Whether an act came from a page of the session, which says its CSRF token.

        Raises:
            NotAllowed: it did not; that is in the audit log.
        """
        if not hmac.compare_digest(session.csrf.encode(), said.encode("utf-8", "replace")):
            self.denials.note(now, session.who, act, detail="the CSRF token was missing or wrong")
            raise NotAllowed("That did not come from this session's page.", "Load the page again and repeat it.")

    def require(
        self, who: Principal, permission: Permission, now: int, zone: str | None = None, act: str = "", what: str = ""
    ) -> None:
        """Go on where `who` may. `zone`: see `may`; `act`, `what`: what the audit log calls it, where it has to.

        Raises:
            NotAllowed: they may not; that is in the audit log.
        """
        if may(who, permission, zone):
            return
        granted = permission in who.permissions
        needs = f"{permission} in {zone or 'the whole city'}" if granted else str(permission)
        self.denials.note(now, who, act or permission, what, f"needs {needs}")
        if granted:
            problem = f"This token is for {', '.join(who.zones)} only, and not for {zone or 'the whole city'}."
        else:
            problem = f"This needs the permission {permission}, which this token doesn't have."
        raise NotAllowed(problem, "Ask an administrator for a token that may.")

    def done(
        self, who: Principal, act: str, now: int, what: str = "", detail: str = "", outcome: Outcome = Outcome.DONE
    ) -> None:
        """Note an act in the audit log. Raises Retry or Halt where it can't be."""
        self.audit.append(now, who, act, what, outcome, detail)

    def close(self, now: int) -> None:
        """Write what was only counted so far. The database is its owner's."""
        self.denials.due(now, stopping=True)

    def _placed(self, who: Principal) -> Principal:
        """With the zones that lie in its own, however deep."""
        zones = dict.fromkeys(who.zones)
        while more := {zone for zone, parent in self._parents.items() if parent in zones} - zones.keys():
            zones |= dict.fromkeys(sorted(more))
        return replace(who, zones=tuple(zones)) if len(zones) > len(who.zones) else who

    def _checked(self, text: str, now: int, address: str, act: str) -> tuple[Token, int]:
        shown = parse_token(text)
        claimed = "" if shown is None else shown.id
        wait = self.throttle.wait(now, address, claimed)
        if wait:
            self.denials.note(now, nobody(address), act, claimed, "throttled")
            raise _throttled(wait)
        found = self.tokens.check(text, now)
        if found is None:
            self.throttle.failed(now, address, claimed)
            self.denials.note(now, nobody(address), act, claimed, "a token that doesn't count")
            raise NotSignedIn(_WRONG, _WRONG_REMEDY)
        self.throttle.succeeded(now, address, claimed)
        return found


def _throttled(wait: int) -> Throttled:
    secs = -(-wait // 1_000_000_000)
    return Throttled("Too many wrong tokens came from this address.", float(secs), f"Wait {secs} s, then try again.")
