"""`cityloom access sessions|sign-out`: browsers that are signed in, with a gateway running or not."""

import time
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from gateway.access.sessions import SessionInfo, SessionStore
from gateway.access.token_model import Token
from gateway.access.tokens import TokenStore
from gateway.cli.audited import access_database, console_user
from gateway.cli.door import Config, DataDir, Json, city_zone, settings_of
from gateway.cli.incidents import plain_table, when
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.errors import CommandError, Missing

__all__ = ["sessions", "sign_out"]

_SHORTEST_ID = 4
OfToken = Annotated[str, Parameter(help="Only of this token: its id, the first characters of it, or its name.")]


def sessions(*, token: OfToken = "", config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:
    """List browsers that are signed in, the one seen last first."""
    settings = settings_of(config, data_dir)
    now = time.time_ns()
    with access_database(settings) as database:
        tokens = TokenStore(database)
        found = SessionStore(database).all(now, tokens.find(token).id if token else "")
        names = {each.id: each for each in tokens.all()}
    if json:
        print_json({"sessions": [_plain(each, names) for each in found]})
    elif not found:
        console().print("[dim]nobody is signed in[/]")
    else:
        console().print(_table(found, names, city_zone(settings)))
    return 0


def sign_out(
    session: str = "", /, *, token: OfToken = "",
    all: Annotated[bool, Parameter(negative="", show_default=False, help="Everybody.")] = False,  # noqa: A002
    config: Config = None, data_dir: DataDir = None, json: Json = False,
) -> int:  # fmt: skip
    """End sessions: their pages have to sign in again. Tokens count on: `cityloom access revoke` ends one.

    Parameters
    ----------
    session
        Its id, or the first characters of it, as `cityloom access sessions` shows them.
    """
    if (bool(session) + bool(token) + all) != 1:
        raise CommandError("One choice is needed.", "Name a session, or give --token TOKEN, or --all.", 2)
    now, ended = time.time_ns(), list[SessionInfo]()
    with access_database(settings_of(config, data_dir)) as database:
        store, tokens = SessionStore(database), TokenStore(database)
        every = store.all(now, tokens.find(token).id if token else "")
        for each in [_named(every, session)] if session else every:
            try:
                store.end(now, console_user(), each.id)
            except Missing:
                continue  # it has ended by itself meanwhile
            ended.append(each)
        names = {each.id: each for each in tokens.all()}
    if json:
        print_json({"ended": [_plain(each, names) for each in ended]})
    else:
        console().print(Text(f"signed out: {len(ended)} {'session' if len(ended) == 1 else 'sessions'}"))
    return 0


def _named(every: Sequence[SessionInfo], which: str) -> SessionInfo:
    found = [each for each in every if len(which) >= _SHORTEST_ID and each.id.startswith(which)]
    if not found:
        raise CommandError(
            f"There is no session {clean(which)!r}.", "`cityloom access sessions` shows those that there are."
        )
    if len(found) > 1:
        raise CommandError(f"More than one session is meant by {clean(which)!r}.", "Give its whole id.", 2)
    return found[0]


def _table(found: Sequence[SessionInfo], names: Mapping[str, Token], place: tzinfo) -> Table:
    table = plain_table("id", "token", "name", "role", "since", "seen last", "address")
    for each in found:
        token = names[each.token]
        table.add_row(
            each.id, each.token, Text(clean(token.name)), token.role, when(each.created, place),
            when(each.seen, place), Text(clean(each.address)),
        )  # fmt: skip
    return table


def _plain(each: SessionInfo, names: Mapping[str, Token]) -> dict[str, Any]:
    token = names[each.token]
    return {
        "id": each.id, "token": each.token, "name": token.name, "role": token.role, "created": each.created,
        "seen": each.seen, "address": each.address,
    }  # fmt: skip
