"""`cityloom listen`: what a broker's devices say, live; and which profile reads it, or why none does."""

import asyncio
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.live import Live

from device_sims.clients.endpoint import Tls, parse_broker
from gateway.cli.door import Config, Json, settings_of
from gateway.cli.listen_view import listening_view
from gateway.cli.output import console, print_json
from gateway.cli.recorder import Recorder
from gateway.cli.text import clean
from gateway.cli.times import parse_span
from gateway.config.filters import filter_problem
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.errors import CommandError
from gateway.mqtt.options import TlsOptions, build_context
from gateway.workshop.listener import Endpoint, Refused, hear
from gateway.workshop.message import Heard
from gateway.workshop.observed import Observed

__all__ = ["listen"]

_SHOWN_EVERY = 0.5
_LOGIN = "Give --username and --password-file, or -c with a configuration that has them."


def listen(
    *,
    broker: str = "",
    topic: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    save: Annotated[Path | None, Parameter(show_default=False)] = None,
    for_: Annotated[str, Parameter(name="--for")] = "",
    limit: Annotated[int | None, Parameter(show_default=False)] = None,
    username: str = "",
    password_file: Annotated[Path | None, Parameter(show_default=False)] = None,
    ca_file: Annotated[Path | None, Parameter(show_default=False)] = None,
    cert_file: Annotated[Path | None, Parameter(show_default=False)] = None,
    key_file: Annotated[Path | None, Parameter(show_default=False)] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Show topics, rates, sizes and samples of what a broker delivers, and which profile reads each or why none does.

    Parameters
    ----------
    broker
        HOST:PORT, mqtt://HOST or mqtts://HOST; without it the configured one.
    topic
        Filters to listen to, such as plant/+/noise/#; may be given several times. Everything where there is none.
    save
        New file for what is heard, for `cityloom replay` and `cityloom profile`; gzip'd where it ends in .gz.
        It holds messages whole, secrets too.
    for_
        Stop after so long, such as 30s, 10m.
    limit
        Stop after so many messages.
    username
        Where the broker asks for one.
    password_file
        File with the password.
    ca_file
        Authority that signed the broker's certificate (PEM), where the system doesn't know it.
    cert_file
        Our own certificate (PEM), for mutual TLS.
    key_file
        Its key.
    """
    settings = settings_of(config, None)
    for each in topic:
        if filter_problem(each):
            raise CommandError(f"--topic {each} {filter_problem(each)}.", "Write a filter such as city/+/noise/#.", 2)
    if limit is not None and limit < 1:
        raise CommandError(f"--limit must be 1 or more, not {limit}.", "Leave it out to listen on.", 2)
    secs = parse_span(for_) if for_ else None
    endpoint = _endpoint(settings, broker, username, password_file, Tls(ca_file, cert_file, key_file))
    observed = Observed(load_seed_files(settings).profiles, settings.bounds.bounds())
    if save is None:
        session = _Session(observed, None, limit, quiet=json)
        code = asyncio.run(session.run(endpoint, topic or ("#",), secs))
    else:
        with Recorder(save) as recorder:
            session = _Session(observed, recorder, limit, quiet=json)
            code = asyncio.run(session.run(endpoint, topic or ("#",), secs))
    session.report(save, as_json=json)
    return code


class _Session:
    """One time of listening: what is heard goes to the counts and the file."""

    def __init__(self, observed: Observed, recorder: Recorder | None, limit: int | None, *, quiet: bool) -> None:
        self._observed, self._recorder, self._limit = observed, recorder, limit
        self._said = "connecting"
        self._out = console(stderr=quiet)
        self._stop = asyncio.Event()
        self._interrupted = False
        self._began = time.monotonic()
        self._secs = 0.0
        self._connected = False
        self._dropped = 0

    def _take(self, heard: Heard, qos: int) -> None:
        if self._limit is not None and self._observed.messages >= self._limit:
            return
        if self._recorder is not None:
            self._recorder.write(heard)
        self._observed.take(heard, qos)
        if self._limit is not None and self._observed.messages >= self._limit:
            self._stop.set()

    def _say(self, sentence: str) -> None:
        self._connected = self._connected or sentence.startswith("listening")
        if sentence != self._said:
            self._said = sentence
            self._out.print(clean(sentence, 400), markup=False, style="dim")

    def _drop(self, count: int) -> None:
        self._dropped = count

    async def run(self, endpoint: Endpoint, filters: tuple[str, ...], secs: float | None) -> int:
        """Listen until a signal, the time or the number is reached; gives the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)
        hearing = loop.create_task(hear(endpoint, filters, self._take, self._say, self._drop), name="listen")
        stopping = loop.create_task(self._stop.wait(), name="listen.stop")
        try:
            with (
                Live(console=self._out, auto_refresh=False, transient=True, screen=False)
                if self._out.is_terminal
                else _Quiet() as live
            ):
                while not hearing.done() and not stopping.done():
                    left = None if secs is None else secs - (time.monotonic() - self._began)
                    if left is not None and left <= 0:
                        break
                    await asyncio.wait(
                        (hearing, stopping),
                        timeout=min(_SHOWN_EVERY, left or _SHOWN_EVERY),
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    live.update(
                        listening_view(self._observed.lines(time.time_ns()), self._said, self._out.height), refresh=True
                    )
                    if self._recorder is not None:
                        self._recorder.flush()
            if hearing.done():
                hearing.result()
        except Refused as error:
            raise CommandError(f"{clean(str(error), 400)}.", _LOGIN) from error
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            self._secs = time.monotonic() - self._began
            for task in (hearing, stopping):
                task.cancel()
            await asyncio.gather(hearing, stopping, return_exceptions=True)
        if not self._connected:
            return 130 if self._interrupted else 1
        return 130 if self._interrupted and (secs is not None or self._limit is not None) else 0

    def _signalled(self) -> None:
        self._interrupted = True
        self._stop.set()

    def report(self, save: Path | None, *, as_json: bool) -> None:
        """What was heard, at the end."""
        lines = self._observed.lines(time.time_ns())
        total = self._observed.messages
        if as_json:
            kinds: list[dict[str, Any]] = [
                asdict(line) | {"rate": round(line.messages / max(self._secs, 1e-3), 3)} for line in lines
            ]
            print_json({
                "messages": total, "secs": round(self._secs, 3), "connected": self._connected,
                "dropped": self._dropped, "saved": None if save is None else str(save), "topics": kinds,
            })  # fmt: skip
            return
        if lines:
            self._out.print(listening_view(lines, "", None))
        kinds_text = f"{len(lines)} kind{'' if len(lines) == 1 else 's'} of topic"
        self._out.print(
            f"{total:,} messages of {kinds_text} in {self._secs:.0f} s" + (f", saved to {save}" if save else ""),
            markup=False,
        )
        if self._dropped:
            self._out.print(
                f"[yellow]{self._dropped:,} messages came faster than they could be looked at, and were left out[/]"
            )
        if not total:
            self._out.print(
                "Nothing was heard: is somebody publishing, and may this user read it?"
                if self._connected
                else "The broker was not reached."
            )


class _Quiet:
    """In the place of a live view where there is no terminal."""

    def __enter__(self) -> "_Quiet":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, _view: object, *, refresh: bool = False) -> None:
        """Nothing to show."""


def _endpoint(settings: Settings, broker: str, username: str, password_file: Path | None, tls: Tls) -> Endpoint:
    """The broker that was named; else the configured one."""
    if not broker:
        source = settings.sources[0]
        if tls.ca_file or tls.cert_file or username or password_file:
            raise CommandError("A login or certificate is given, and no broker.", "Name it by --broker.", 2)
        context = None
        if source.tls == "on":
            context = build_context(TlsOptions(source.ca_file, source.cert_file, source.key_file, source.server_name))
        secret = source.password
        return Endpoint(
            source.host, source.port, source.username, None if secret is None else secret.get_secret_value(), context
        )
    try:
        found = parse_broker(broker, username or None, password_file, tls)
        context = None if found.tls is None else found.tls.context()
    except (ValueError, OSError) as error:
        raise CommandError(f"{str(error).rstrip('.')}.", "`--help` has examples.", 2) from error
    return Endpoint(found.host, found.port, found.username, found.password, context)
