"""Reload: the configuration read again and brought to a gateway that runs, by difference.

    files --read_again--> settings, content --in_force--> what can change live, and what waits for a restart
                                                 | tried on a copy of the engines, rules judged: refused whole, or
                                                 v
    a CONFIG row in the inbox --> the engine, at exactly that place --> subscriptions, notifications, timers, logs

Once the row is durable the new configuration is in force, whatever happens to the process; before that the old one is.
One reload at a time; the others wait. A stop cuts short what it waits for, but for the end of sources that are gone.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from gateway.config.content import EngineContent
from gateway.config.differences import Configuration, Differences, differences
from gateway.config.live_options import in_force
from gateway.config.reading import Source, read_again, refuse_broken
from gateway.config.settings import Settings
from gateway.engine.alarm_model import Change
from gateway.errors import CommandError, ConfigError, ConfigErrors, GatewayError
from gateway.mqtt.changeable import reached
from gateway.notify.dispatcher import Dispatcher
from gateway.runtime.liveness import stall_secs
from gateway.runtime.reload_sources import change_sources, refuse_unusable
from gateway.runtime.reload_trial import config_row, tried
from gateway.telemetry.process_events import ConfigurationRefusedError, ConfigurationReloaded

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["Origin", "Reloader"]

_IN_FORCE_SECS = 10.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the configuration came from, and can be read again."""

    source: Source
    relog: Callable[[Settings], None] = lambda _: None
    """Told of settings whose logs or secrets are others."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to come into force, found good."""

    settings: Settings
    content: EngineContent
    differences: Differences
    ends: list[dict[str, str]]
    """Alarms that stand and end, because nothing judges them any more."""
    dispatcher: Dispatcher | None


class Reloader:
    """Belongs to one gateway. `content` is what its engines begin with."""

    def __init__(self, gateway: "Gateway", content: EngineContent, origin: Origin | None) -> None:
        self.running = Configuration(gateway.settings, content)
        self._gateway = gateway
        self._origin = origin
        self._lock = asyncio.Lock()

    async def reload(self, *, check: bool = False) -> dict[str, Any]:
        """Read everything again and apply what is another; with `check` only say what that is.

        What can't be used is refused whole, and in the answer's `problems`.

        Raises:
            CommandError: there is nothing to read again, or no room to journal the change; nothing was changed.
        """
        if self._origin is None:
            raise CommandError("This gateway was not started from files.", "Stop it, and start it with others.")
        async with self._lock:
            self._refuse_stopping()
            started = monotonic()
            try:
                plan = await self._plan(self._origin)
            except ConfigError as error:
                return self._refused(error, check=check)
            self._refuse_stopping()
            answer: dict[str, Any] = {
                "applied": False, "offset": -1, "in_force": True, "problems": [], "warnings": [], "ends": plan.ends,
                "differences": plan.differences.as_dict(),
            }  # fmt: skip
            if not check:
                if plan.differences.live:
                    answer |= await self._apply(plan, self._origin)
                self._gateway.live_parts.hub.configuration += 1  # a place's name is no difference, and yet another
                self._gateway.telemetry.emit(
                    ConfigurationReloaded(
                        answer["offset"], monotonic() - started, plan.differences.summary(),
                        [change.key for change in plan.differences.restart], answer["warnings"],
                    )
                )  # fmt: skip
            return answer

    async def ended(self) -> None:
        """Wait for the reload under way, which waits for gone sources only; others find the gateway stopping."""
        async with self._lock:
            pass

    def _refuse_stopping(self) -> None:
        if self._gateway.stopping:
            raise CommandError("The gateway is stopping.", "The next start reads the files.")

    async def asked_by_signal(self) -> None:
        """As SIGHUP asks: whatever comes of it is in the log."""
        try:
            await self.reload()
        except GatewayError as error:
            self._gateway.telemetry.emit(ConfigurationRefusedError(error.problem, error.remedy, 1))

    def _refused(self, error: ConfigError, *, check: bool) -> dict[str, Any]:
        problems = error.problems if isinstance(error, ConfigErrors) else (error,)
        if not check:
            self._gateway.telemetry.emit(ConfigurationRefusedError(error.problem, error.remedy, len(problems)))
        told = [{"file": p.file, "key": p.key, "problem": p.what, "remedy": p.remedy} for p in problems]
        return {
            "applied": False, "offset": -1, "in_force": False, "problems": told, "warnings": [], "ends": [],
            "differences": Differences().as_dict(),
        }  # fmt: skip

    async def _plan(self, origin: Origin) -> _Plan:
        gateway, running = self._gateway, self.running
        loaded = await asyncio.to_thread(read_again, origin.source)
        settings, restart = in_force(running.settings, loaded.settings)
        content = await asyncio.to_thread(loaded.files.content, settings)
        refuse_broken(settings, loaded.files, origin.source.name)
        await asyncio.to_thread(refuse_unusable, gateway, Configuration(settings, content), origin.source.name)
        ends: list[dict[str, str]] = []
        if content.digest != running.content.digest:
            state = await gateway.runner.quiesced(gateway.engines.snapshot)
            transitions = await asyncio.to_thread(tried, state, running.content, content, origin.source.name)
            ends = [
                {"condition": each.condition, "asset": each.asset, "alarm": each.alarm}
                for each in transitions if each.change == Change.RETIRED
            ]  # fmt: skip
        dispatcher = await asyncio.to_thread(gateway.notify_parts.prepared, settings, content)
        found = await asyncio.to_thread(
            differences, running, Configuration(settings, content), loaded.settings, restart
        )
        return _Plan(settings, content, found, ends, dispatcher)

    async def _apply(self, plan: _Plan, origin: Origin) -> Mapping[str, Any]:
        gateway, offset = self._gateway, -1
        before, after = self.running, Configuration(plan.settings, plan.content)
        gateway.passed("reload-before-row")
        if plan.content.digest != before.content.digest:
            offset = await gateway.intake.submit([config_row(plan.content)])
        gateway.passed("reload-after-row")
        self.running, gateway.settings = after, plan.settings
        self._tune(plan.settings)
        if (before.settings.log, before.settings.secrets()) != (after.settings.log, after.settings.secrets()):
            origin.relog(plan.settings)
        gateway.live_parts.reconfigure(plan.content)
        # what new topics bring comes behind the row that says how to read it
        warnings = await change_sources(gateway, after)
        gateway.rebirth_parts.reconfigure()
        gateway.passed("reload-after-subscriptions")
        if (before.settings.notify, before.content.digest) != (after.settings.notify, after.content.digest):
            await gateway.notify_parts.replace(plan.dispatcher)
        took = await reached(lambda: gateway.engines.offset > offset, _IN_FORCE_SECS, lambda: bool(gateway.stopping))
        if not took:
            warnings.append(f"{gateway.runner.behind} rows wait for the engine; it changes when it comes to {offset}")
        return {"applied": True, "offset": offset, "in_force": took, "warnings": warnings}

    def _tune(self, settings: Settings) -> None:
        gateway, engine, revise = self._gateway, settings.engine, settings.reviser
        gateway.runner.tune(
            gather_secs=engine.gather_ms / 1000, gather_messages=engine.gather_messages, tick_secs=engine.tick_secs
        )
        gateway.liveness.idle_timeout_ns = round(engine.idle_timeout_secs * 1e9)
        gateway.liveness.stall_secs = stall_secs(gateway.clock, engine.tick_secs, engine.gather_ms / 1000)
        gateway.clock_watch.bound_ns = round(engine.clock_bound_secs * 1e9)
        gateway.reviser.tune(quiet_ns=round(revise.quiet_secs * 1e9), max_age_ns=round(revise.max_age_secs * 1e9))
        gateway.inbox.quota_bytes = settings.inbox.quota_bytes
        gateway.outbox.set_quota(settings.outbox.quota_bytes)
        gateway.room.drops = settings.outbox.on_full == "drop_oldest_raw"
