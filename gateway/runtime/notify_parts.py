"""Notifications of a running gateway: channels, rules and the dispatcher, made from the configuration."""

import asyncio
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import seeds
from gateway.config.content import EngineContent
from gateway.config.delivery_checks import delivery_problems
from gateway.config.devices import calibrated_days
from gateway.config.profiles import load_profiles
from gateway.config.settings import Settings
from gateway.errors import ConfigError, ConfigErrors
from gateway.notify.book import NotifyBook
from gateway.notify.channels.base import Channel
from gateway.notify.channels.mail import Mail, MailOptions
from gateway.notify.channels.topic import TopicChannel
from gateway.notify.dispatcher import Dispatcher
from gateway.notify.model import Message
from gateway.notify.planner import Planner
from gateway.notify.reminders import Calibration, Calibrations
from gateway.notify.render import Wording
from gateway.notify.routes import QuietHours, Route, Rules
from gateway.runtime.live_parts import target_of
from gateway.telemetry.live_events import NotificationFailedError, NotificationRetrying, NotificationSent

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["NotifyParts", "channels_of", "rules_of"]

_LAST_SECS = 5.0


class NotifyParts:
    """Belongs to one gateway; does nothing where nothing is configured."""

    def __init__(self, gateway: "Gateway", content: EngineContent) -> None:
        self._gateway = gateway
        self.book = NotifyBook(gateway.records)
        self._group: asyncio.TaskGroup | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.dispatcher = self.prepared(gateway.settings, content)

    def prepared(self, settings: Settings, content: EngineContent) -> Dispatcher | None:
        """What would send under these settings; starts and sends nothing. None: nothing is to be sent.

        Raises:
            ConfigErrors: nobody could be told like that.
        """
        _check(settings, content)
        if not settings.notify.enabled:
            return None
        titles = {str(each["name"]): str(each.get("title", "")) for each in content.conditions}
        zone = ZoneInfo(content.timezone)
        notify = settings.notify
        return Dispatcher(
            self.book, Planner(rules_of(settings, zone)), channels_of(settings), self._gateway.clock,
            Wording(content.timezone, zone, lambda condition: titles.get(condition, "")), self,
            retry_for_ns=round(notify.retry_for_secs * 1e9), retry_max_secs=notify.retry_max_secs,
            passed=self._gateway.passed, reminders=_calibrations(settings, content, zone).due,
        )  # fmt: skip

    def start(self, group: asyncio.TaskGroup) -> list["asyncio.Task[None]"]:
        """Set it going."""
        self._group = group
        self._tasks[:] = (
            [] if self.dispatcher is None else [group.create_task(self.dispatcher.run(), name="gateway.notify")]
        )
        return self._tasks

    async def replace(self, prepared: Dispatcher | None) -> None:
        """Go on with another: the try under way may end first, and what waits is in the book."""
        await self.end(self._tasks)
        self.dispatcher = prepared
        if self._group is not None and not self._gateway.stopping:
            self.start(self._group)

    def stored(self) -> None:
        """records.db has something new."""
        if self.dispatcher is not None:
            self.dispatcher.wake()

    async def end(self, tasks: list["asyncio.Task[None]"]) -> None:
        """The try under way may end; what is not sent is sent after the next start."""
        if self.dispatcher is not None and tasks:
            self.dispatcher.stop()
            await asyncio.wait(tasks, timeout=_LAST_SECS)
        for task in tasks:
            task.cancel()

    def status(self) -> dict[str, Any]:
        """What is wrong just now."""
        dispatcher = self.dispatcher
        if dispatcher is None:
            return {"enabled": False, "problem": "", "channels": {}}
        return {"enabled": True, "problem": dispatcher.problem, "channels": dict(dispatcher.problems)}

    # -- NotifyEvents -------------------------------------------------------------------------------------------------

    def sent(self, channel: str, message: Message) -> None:
        """See NotifyEvents."""
        self._gateway.telemetry.emit(NotificationSent(channel, message.kind, message.id, len(message.items)))

    def retrying(self, channel: str, message: Message, problem: str, retry_in: float) -> None:
        """See NotifyEvents."""
        self._gateway.telemetry.emit(NotificationRetrying(channel, message.kind, message.id, problem, retry_in))

    def failed(self, channel: str, message: Message, problem: str) -> None:
        """See NotifyEvents."""
        self._gateway.telemetry.emit(NotificationFailedError(channel, message.kind, message.id, problem))


def _check(settings: Settings, content: EngineContent) -> None:
    """`cityloom check` says the same, with the file's name."""
    conditions = [str(each["name"]) for each in content.conditions]
    problems = [
        ConfigError("configuration", *problem)
        for problem in delivery_problems(settings, load_profiles(content.profiles), content.zones, conditions)
    ]
    if problems:
        raise ConfigErrors(problems)


def rules_of(settings: Settings, zone: ZoneInfo) -> Rules:
    """Routes and quiet hours."""
    notify, quiet = settings.notify, settings.notify.quiet
    routes = [
        Route(
            each.name, each.channels, frozenset(each.domains), frozenset(each.zones), frozenset(each.conditions),
            each.priority, each.escalate, round(each.escalate_after_secs * 1e9), each.returned == "on",
            each.quiet == "on",
        )
        for each in notify.routes
    ]  # fmt: skip
    hours = QuietHours(zone, quiet.start, quiet.end, quiet.lets_through) if quiet.enabled else None
    group_ns, max_age_ns = round(notify.group_secs * 1e9), round(notify.max_age_secs * 1e9)
    return Rules(routes, hours, group_ns, max_age_ns, notify.at_once)


def channels_of(settings: Settings) -> dict[str, Channel]:
    """Every channel by its name; opens nothing."""
    notify = settings.notify
    out: dict[str, Channel] = {}
    for hook in notify.webhooks:
        from gateway.notify.channels.webhook import Webhook  # noqa: PLC0415  (an HTTP client, which few starts need)

        assert hook.url is not None  # rules.py
        assert hook.secret is not None
        out[hook.name] = Webhook(
            hook.name, hook.url.get_secret_value(), hook.secret.get_secret_value(), ca_file=hook.ca_file,
            source=f"/cityloom/{settings.mqtt.client_id}", timeout_secs=notify.timeout_secs, proxy=hook.proxy,
        )  # fmt: skip
    for mail in notify.emails:
        password = None if mail.password is None else mail.password.get_secret_value()
        options = MailOptions(
            mail.host, mail.port, mail.security, mail.sender, mail.to, mail.username, password, notify.timeout_secs
        )
        out[mail.name] = Mail(mail.name, options)
    for topic in notify.topics:
        out[topic.name] = TopicChannel(topic.name, target_of(settings, f"notify-{topic.name}"), topic.topic)
    return out


def _calibrations(settings: Settings, content: EngineContent, zone: ZoneInfo) -> Calibrations:
    rules = [Calibration(c.profile, c.every_days, c.ahead_days, c.channels) for c in settings.notify.calibrations]
    calibrated: dict[str, str] = {}
    if rules:
        file = settings.devices_file
        text = seeds.devices_text() if file is None else file.read_text(encoding="utf-8")
        calibrated = calibrated_days(text, "built-in devices.csv" if file is None else str(file))
    return Calibrations(rules, content.devices, calibrated, zone)
