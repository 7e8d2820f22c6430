"""How commands reach a gateway: through the control door where one runs, on its files otherwise."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from gateway.cli.audited import note_asked
from gateway.cli.configured import Config, DataDir, Json, city_zone, settings_of
from gateway.config.settings import Settings
from gateway.errors import CommandError
from gateway.runtime.desk import Desk
from gateway.runtime.lock import FolderHeld, FolderLock
from gateway.runtime.offices import file_office
from gateway.runtime.wire import socket_path

__all__ = ["SETTLE_SECS", "Config", "DataDir", "Json", "ask", "asking", "city_zone", "settings_of"]

_ANSWER_SECS = 120.0
SETTLE_SECS = 3.0
"""How long a gateway that starts or stops just now is waited for."""
_POLL_SECS = 0.05


def ask(settings: Settings, method: str, **arguments: Any) -> Any:
    """Ask the desk of the data folder; an act is in the audit log once it is done.

    Raises:
        CommandError: there is nothing to ask, or what was asked for can't be done.
    """
    answer = _asked(settings, method, arguments)
    note_asked(settings, method, arguments, answer)
    return answer


def _asked(settings: Settings, method: str, arguments: dict[str, Any]) -> Any:
    deadline = time.monotonic() + SETTLE_SECS
    while True:
        try:
            if FolderLock.held(settings.data_dir):
                return _through_the_door(settings.data_dir, method, arguments)
            return _on_files(settings, method, arguments)
        except (_DoorShut, FolderHeld):
            if time.monotonic() > deadline:
                raise
        time.sleep(_POLL_SECS)


class _DoorShut(CommandError):
    """Somebody works on the folder, but nobody answers."""


def _on_files(settings: Settings, method: str, arguments: dict[str, Any]) -> Any:
    async def answer() -> Any:
        async with file_office(settings, settings.clock.build()) as office:
            return await getattr(Desk(office), method)(**arguments)

    return msgspec.to_builtins(asyncio.run(answer()))


@contextmanager
def asking(settings: Settings) -> Iterator[Callable[..., Any]]:
    """`ask` for thousands of questions to a gateway that runs, through one connection."""
    with _open_door(settings.data_dir) as client:
        yield lambda method, **arguments: _answer(client, settings.data_dir, method, arguments)


def _through_the_door(folder: Path, method: str, arguments: dict[str, Any]) -> Any:
    with _open_door(folder) as client:
        return _answer(client, folder, method, arguments)


@contextmanager
def _open_door(folder: Path) -> Iterator[httpx.Client]:
    with socket_path(folder) as path, httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=_ANSWER_SECS) as it:
        yield it


def _answer(client: httpx.Client, folder: Path, method: str, arguments: dict[str, Any]) -> Any:
    try:
        answer = client.post(f"http://gateway/{method}", content=msgspec.json.encode(arguments))
    except httpx.TransportError as error:
        raise _DoorShut(
            f"The gateway on {folder} does not answer: {error}.",
            "It may be starting or stopping: try again. If it hangs, stop it: the files tell as much.",
        ) from error
    try:
        body = msgspec.json.decode(answer.content)
    except msgspec.DecodeError as error:
        raise CommandError(
            f"The gateway on {folder} failed to answer ({answer.status_code}): its log says why.",
            "Is it of the same version as this command? Restart it after an upgrade.",
        ) from error
    if answer.status_code != httpx.codes.OK:
        raise CommandError(body["problem"], body["remedy"], body["exit_code"])
    return body
