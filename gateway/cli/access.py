"""`cityloom access create|list|revoke|rotate`: tokens, with a gateway running or not."""

import time
from collections.abc import Sequence
from datetime import tzinfo
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from gateway.access.roles import Permission, Role
from gateway.access.token_model import Issued, Token
from gateway.access.tokens import TokenStore
from gateway.cli.audited import access_database, console_user
from gateway.cli.door import Config, DataDir, Json, city_zone, settings_of
from gateway.cli.incidents import plain_table, when
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.cli.times import parse_span
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.errors import CommandError

__all__ = ["create", "listing", "revoke", "rotate"]

_YEAR, _DAY_OF_GRACE = "365d", "1d"
For = Annotated[str, Parameter(name="--for", help="For how long it counts, such as 90d.")]
Never = Annotated[bool, Parameter(negative="", show_default=False, help="It counts until it is revoked.")]
_ONCE = "This is the only time that it is shown. Whoever has it is {name} to CityLoom: keep it as you keep a password."


def create(name: str, /, *, role: Annotated[Role, Parameter(help="What it may at most.")], config: Config = None,
           data_dir: DataDir = None, json: Json = False,
           permission: Annotated[list[str] | None, Parameter(negative="", help="Only this of what the role may, such as readings.read; may be given again.")] = None,  # noqa: E501
           zone: Annotated[list[str] | None, Parameter(negative="", help="Only in this zone; may be given again.")] = None,  # noqa: E501
           span: For = _YEAR, never_expires: Never = False) -> int:  # fmt: skip
    """Make a token and show it, once.

    Parameters
    ----------
    name
        Of the person or the application that gets it; the audit log shows it.
    """
    settings = settings_of(config, data_dir)
    zones = tuple(zone or ())
    _check_zones(settings, zones)
    lifetime = None if never_expires else _ns(span)
    with access_database(settings, make=True) as database:
        made = TokenStore(database).create(
            time.time_ns(), console_user(), name, role, permissions=_permissions(permission or ()), zones=zones,
            lifetime=lifetime,
        )  # fmt: skip
    _show_secret(made, settings, json=json)
    return 0


def listing(*, config: Config = None, data_dir: DataDir = None, json: Json = False,
            all: Annotated[bool, Parameter(negative="", show_default=False, help="Expired and revoked ones too.")] = False,  # noqa: A002, E501
            ) -> int:  # fmt: skip
    """List tokens, the oldest first."""
    settings = settings_of(config, data_dir)
    now = time.time_ns()
    with access_database(settings) as database:
        every = TokenStore(database).all()
    found = [token for token in every if all or token.state(now) == "valid"]
    if json:
        print_json({"tokens": [_plain(token, now) for token in found]})
    elif not found:
        console().print("[dim]no tokens: `cityloom access create` makes one[/]")
    else:
        console().print(_table(found, now, city_zone(settings)))
    return 0


def revoke(token: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:
    """Let a token count no more, from the next request on, wherever it is used.

    Parameters
    ----------
    token
        Its id, the first characters of it, or its name.
    """
    now = time.time_ns()
    with access_database(settings_of(config, data_dir)) as database:
        store = TokenStore(database)
        done = store.revoke(now, console_user(), store.find(token).id)
    if json:
        print_json(_plain(done, now))
    else:
        console().print(Text(f"revoked: {done.id} of {clean(done.name)}; its sessions have ended"))
    return 0


def rotate(token: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False,
           grace: Annotated[str, Parameter(help="For how long the old secret counts on, such as 2h; 0s ends it now.")] = _DAY_OF_GRACE,  # noqa: E501
           span: Annotated[str, Parameter(name="--for", help="For how long the token counts from now on; as long as it was made for where not given.", show_default=False)] = "",  # noqa: E501
           ) -> int:  # fmt: skip
    """Give a token a new secret, shown once, under the same id.

    Parameters
    ----------
    token
        Its id, the first characters of it, or its name.
    """
    settings = settings_of(config, data_dir)
    with access_database(settings) as database:
        store = TokenStore(database)
        found = store.find(token)
        lifetime = _ns(span) if span else 0
        made = store.rotate(time.time_ns(), console_user(), found.id, _ns(grace), lifetime)
    _show_secret(made, settings, json=json)
    return 0


def _show_secret(made: Issued, settings: Settings, *, json: bool) -> None:
    if json:
        print_json({"secret": made.text, **_plain(made.token, time.time_ns())})
        return
    out, place = console(), city_zone(settings)
    facts = [made.token.role, f"until {when(made.token.expires, place)}" if made.token.expires else "never expires"]
    facts += [f"only {' '.join(made.token.narrowed)}"] if made.token.narrowed else []
    facts += [f"in {' '.join(made.token.zones)}"] if made.token.zones else []
    if made.token.old_until:
        facts.append(f"the old secret counts until {when(made.token.old_until, place)}")
    out.print(Text(made.text, "bold"))
    out.print(Text(f"{clean(made.token.name)}: {', '.join(facts)}"))
    console(stderr=True).print(Text(_ONCE.format(name=clean(made.token.name)), "yellow"))


def _table(tokens: Sequence[Token], now: int, place: tzinfo) -> Table:
    table = plain_table("id", "name", "role", "state", "until", "last used", "only")
    for token in tokens:
        state = token.state(now)
        only = " ".join((*token.narrowed, *(f"zone:{zone}" for zone in token.zones)))
        table.add_row(
            token.id, Text(clean(token.name)), token.role, Text(state, "" if state == "valid" else "dim"),
            when(token.expires, place) if token.expires else "-", when(token.used, place) if token.used else "-",
            Text(clean(only)),
        )  # fmt: skip
    return table


def _plain(token: Token, now: int) -> dict[str, Any]:
    return {
        "id": token.id, "name": token.name, "role": token.role, "state": token.state(now),
        "permissions": sorted(token.permissions), "zones": list(token.zones), "created": token.created,
        "created_by": token.created_by, "expires": token.expires, "revoked": token.revoked, "used": token.used,
        "old_secret_until": token.old_until or None,
    }  # fmt: skip


def _permissions(names: Sequence[str]) -> tuple[Permission, ...]:
    known = {str(each): each for each in Permission}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(f"There is no permission {unknown[0]!r}.", f"There are {', '.join(known)}.", 2)
    return tuple(known[name] for name in names)


def _check_zones(settings: Settings, zones: Sequence[str]) -> None:
    known = [zone.id for zone in load_seed_files(settings).city.zones] if zones else []
    if unknown := [zone for zone in zones if zone not in known]:
        raise CommandError(f"There is no zone {unknown[0]!r}.", f"There are {', '.join(known)}.", 2)


def _ns(span: str) -> int:
    return round(parse_span(span) * 1e9)
