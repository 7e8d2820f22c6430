"""Acts at the console in the audit log: whoever has a shell here needs no token, but leaves the same trace."""

import getpass
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rich.markup import escape

from gateway.access.audit import AuditLog
from gateway.access.audit_chain import Outcome
from gateway.access.database import AccessDatabase
from gateway.access.desk_rules import Act, act_of
from gateway.access.principal import Principal, console
from gateway.cli.output import console as output
from gateway.cli.text import clean
from gateway.config.settings import Settings
from gateway.errors import GatewayError

__all__ = ["access_database", "console_user", "note_act", "note_asked", "records_path"]


def console_user() -> Principal:
    """The user of this shell; behind sudo also who they said they were before."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number that no list of users has
        user = f"uid {os.getuid()}"
    before = os.environ.get("SUDO_USER", "")
    return console(f"{user} (sudo by {before})" if before and before != user else user)


@contextmanager
def access_database(settings: Settings, *, make: bool = False) -> Iterator[AccessDatabase]:
    """The tables of access in the data folder, beside whatever runs there."""
    with closing(AccessDatabase(records_path(settings), make=make)) as database:
        yield database


def records_path(settings: Settings) -> Path:
    """Where records.db is."""
    return settings.data_dir / "records.db"


def note_asked(settings: Settings, method: str, arguments: Mapping[str, Any], answer: Any) -> None:
    """Note what was asked of the desk and has been done, where it was an act."""
    act = act_of(method, arguments)
    if act is not None:
        refused = isinstance(answer, Mapping) and bool(answer.get("problems"))
        note_act(settings, act, Outcome.FAILED if refused else Outcome.DONE)


def note_act(settings: Settings, act: Act, outcome: Outcome = Outcome.DONE) -> None:
    """Note what has been done. Where it can't be noted it is done all the same, and that is said."""
    try:
        with access_database(settings) as database:
            AuditLog(database).append(time.time_ns(), console_user(), act.act, act.what, outcome, act.detail)
    except GatewayError as error:
        problem = escape(clean(error.problem, 500))
        output(stderr=True).print(f"[yellow]warning[/]: it is done, but not in the audit log: {problem}")
