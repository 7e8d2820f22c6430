"""The web process as a child of the gateway: console, API and live streams beside it, started again where it ends.

    WebProcess --(stdin: settings as JSON, then nothing until the end)--> `python -m gateway.cli api --child FD`

The parent binds the port, so that one that is taken stops a start, and it stays ours while the child is started again.
It ends with its parent, however that ended: the child leaves when its standard input closes. What it prints comes out
where the gateway's own words do.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import msgspec
import numpy as np
from pydantic import BaseModel, SecretStr

from gateway.config.settings import ENV_PREFIX, Settings
from gateway.mqtt.backoff import Backoff

__all__ = ["WebProcess", "child_environment", "child_settings", "plain_settings"]

_STEADY_SECS = 60.0
_END_SECS = 8.0
_NO_PROCESS = 71
"""Where there is no child to give a code."""


class WebProcess:
    """`run` until it is cancelled; then the child is told to end, and waited for."""

    def __init__(self, settings: Settings, sock: socket.socket, ended: Callable[[int, float], None]) -> None:
        """`sock` listens. `ended` is told of a child that left by itself, or could not be started: its exit
        code, or the system's for why; and seconds until the next.
        """
        self._sock = sock
        self._line = msgspec.json.encode(plain_settings(_of_web(settings))) + b"\n"
        self._ended = ended
        self._backoff = Backoff(1.0, 60.0, np.random.default_rng())

    async def run(self) -> None:
        """Start it, and again."""
        while True:
            began = monotonic()
            try:
                code = await self._once()
            except OSError as error:  # no room for another process now: the gateway goes on, and later there may be
                code = error.errno or _NO_PROCESS
            if monotonic() - began > _STEADY_SECS:
                self._backoff.reset()
            wait = self._backoff.next_delay()
            self._ended(code, wait)
            await asyncio.sleep(wait)

    async def _once(self) -> int:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.cli", "api", "--child", str(self._sock.fileno()),
            stdin=asyncio.subprocess.PIPE, pass_fds=(self._sock.fileno(),),
            start_new_session=True,  # Ctrl-C at the terminal is for the gateway
            env=child_environment(),
        )  # fmt: skip
        assert child.stdin is not None
        try:
            with suppress(ConnectionError):
                child.stdin.write(self._line)
                await child.stdin.drain()
            return await child.wait()
        finally:
            child.stdin.close()
            try:
                async with asyncio.timeout(_END_SECS):
                    await child.wait()
            except TimeoutError:
                child.kill()
                await child.wait()


def plain_settings(settings: Settings) -> dict[str, Any]:
    """Settings as plain data, secrets in the open: for a pipe to a child, and for nothing else."""
    found = _plain(settings)
    assert isinstance(found, dict)
    return found


def child_settings(line: bytes) -> Settings:
    """The settings of a `plain_settings`. Environment and secret files have had their say already."""
    return Settings.model_validate(msgspec.json.decode(line))


def _of_web(settings: Settings) -> Settings:
    """What the web process is told: not the token that may write, where there is one for reading."""
    influx = settings.stores.influxdb
    if influx.read_token is None:
        return settings
    influx = influx.model_copy(update={"token": None, "token_file": None})
    return settings.model_copy(update={"stores": settings.stores.model_copy(update={"influxdb": influx})})


def child_environment() -> dict[str, str]:
    """Ours, without settings: they have had their say, and secrets may be among them."""
    plain = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENV_PREFIX)}
    return {**plain, "PYTHONUNBUFFERED": "1"}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
