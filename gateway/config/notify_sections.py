"""The sections [notify] and below. The sentence under a field is its text in sample.toml, `examples` what stands there.

Channels and routes are lists of tables; nothing is sent where there is no route.
"""

from datetime import time
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr

from gateway.config.live_sections import Topic
from gateway.config.section import (
    OptionalPath,
    OptionalSecret,
    OptionalSecretFile,
    OptionalText,
    Port,
    Seconds,
    Section,
    Switch,
)

__all__ = [
    "CalibrationSettings", "EmailSettings", "NotifySettings", "QuietSettings", "RouteSettings", "TopicSettings",
    "WebhookSettings",
]  # fmt: skip

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Priority = Annotated[int, Field(ge=1, le=4)]
Address = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=254)]
Domain = Literal["traffic", "grid", "water", "gas", "drainage", "device"]


def _http(url: SecretStr | None) -> SecretStr | None:
    if url is not None and not url.get_secret_value().startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url


class WebhookSettings(Section):
    """Messages by HTTP POST as CloudEvents 1.0, signed after Standard Webhooks."""

    SECRETS: ClassVar[tuple[str, ...]] = ("url", "secret")

    name: Annotated[Name, Field(examples=["duty"])]
    """Name of the channel, which routes use: lower-case letters, digits and dashes."""
    url: Annotated[OptionalSecret, AfterValidator(_http), Field(examples=["https://duty.example/alarms"])] = None
    """Where to post; never shown, for it often holds a key."""
    url_file: OptionalSecretFile = None
    """File that holds the address, instead of `url`."""
    secret: Annotated[OptionalSecret, Field(examples=["a long random text"])] = None
    """Both ends know it: the HMAC-SHA256 of each message is made with it."""
    secret_file: OptionalSecretFile = None
    """File that holds the secret, instead of `secret`."""
    ca_file: OptionalPath = None
    """Certificates of the authorities to trust for https (PEM); those of the system where empty."""
    proxy: OptionalText = None
    """HTTP proxy to go through, such as http://proxy.example:3128."""


class EmailSettings(Section):
    """Messages by e-mail."""

    SECRETS: ClassVar[tuple[str, ...]] = ("password",)

    name: Annotated[Name, Field(examples=["mail"])]
    """Name of the channel, which routes use: lower-case letters, digits and dashes."""
    host: Annotated[str, Field(min_length=1, examples=["smtp.example"])]
    """The SMTP server."""
    port: Port = 587
    """Its port: usually 587 for STARTTLS, 465 for TLS."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """"starttls", "tls" from the first byte, or "none"."""
    username: OptionalText = None
    """User name, where the server asks for one."""
    password: OptionalSecret = None
    """Password; better in a file."""
    password_file: OptionalSecretFile = None
    """File that holds the password, instead of `password`."""
    sender: Annotated[Address, Field(examples=["cityloom@city.example"])]
    """Who it is from."""
    to: Annotated[tuple[Address, ...], Field(min_length=1, examples=[("duty@city.example",)])]
    """Who gets it."""


class TopicSettings(Section):
    """Messages on MQTT at the broker of [mqtt], at QoS 1, not retained."""

    name: Annotated[Name, Field(examples=["board"])]
    """Name of the channel, which routes use: lower-case letters, digits and dashes."""
    topic: Annotated[Topic, Field(examples=["cityloom/notifications"])] = "cityloom/notifications"
    """The levels in front of the zone; nothing we subscribe to may match it."""


class RouteSettings(Section):
    """Which alarms go to whom. All routes that match count; a channel is told once of each change."""

    name: Annotated[Name, Field(examples=["gas"])]
    """Name of the route."""
    domains: Annotated[tuple[Domain, ...], Field(examples=[("gas",)])] = ()
    """Only these domains: traffic, grid, water, gas, drainage, device; all where empty."""
    zones: tuple[str, ...] = ()
    """Only these zones; all where empty."""
    conditions: tuple[str, ...] = ()
    """Only these conditions, such as gas.lel; all where empty."""
    priority: Priority = 4
    """This priority and more urgent ones: 1 critical to 4 low."""
    channels: Annotated[tuple[Name, ...], Field(min_length=1, examples=[("duty",)])]
    """Who is told at once."""
    escalate: Annotated[tuple[Name, ...], Field(examples=[("mail",)])] = ()
    """Who is told next, one after the other, while nobody acknowledges and it is not over."""
    escalate_after_secs: Seconds = 900.0
    """How long to wait for an acknowledgement before the next one is told."""
    returned: Switch = "on"
    """Whether those who were told of an alarm are told that it is over: "on" or "off"."""
    quiet: Switch = "on"
    """Whether [notify.quiet] goes for this route: "on" or "off"."""


class CalibrationSettings(Section):
    """Reminders of calibrations that fall due, from the date of the last one or else of the installation."""

    profile: Annotated[str, Field(examples=["gas-detector"])]
    """Which kind of device."""
    every_days: Annotated[int, Field(ge=1, le=36_500, examples=[365])]
    """How long a calibration is good for."""
    ahead_days: Annotated[int, Field(ge=0, le=3650)] = 14
    """How long before it falls due to remind."""
    channels: Annotated[tuple[Name, ...], Field(min_length=1, examples=[("mail",)])]
    """Who is reminded; a zone's devices that fall due within a day come as one message."""


class QuietSettings(Section):
    """Hours in which what is not urgent waits, by the city's time."""

    enabled: bool = False
    """Whether there are any."""
    start: time = time(22)
    """When they begin."""
    end: time = time(7)
    """When they end and what has waited goes out."""
    lets_through: Annotated[int, Field(ge=0, le=4)] = 1
    """This priority and more urgent ones go out all the same; 0 = none does."""


class NotifySettings(Section):
    """Who is told of alarms, and how; nobody where there is no route."""

    group_secs: Annotated[float, Field(ge=0, le=3600)] = 5.0
    """Alarms of a zone that come within this time are one message."""
    at_once: Annotated[int, Field(ge=0, le=4)] = 1
    """This priority and more urgent ones wait for no others of their zone; 0 = all do."""
    max_age_secs: Seconds = 3600.0
    """An alarm that could not be told for this long, for nothing ran, is not told any more."""
    retry_for_secs: Seconds = 86_400.0
    """How long a message that a channel does not take is tried again before it counts as failed."""
    retry_max_secs: Annotated[float, Field(ge=0.01, le=86400)] = 300.0
    """Longest wait between two tries."""
    timeout_secs: Seconds = 10.0
    """How long one try may take."""
    quiet: QuietSettings = QuietSettings()
    webhooks: tuple[WebhookSettings, ...] = ()
    emails: tuple[EmailSettings, ...] = ()
    topics: tuple[TopicSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    calibrations: tuple[CalibrationSettings, ...] = ()

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of all channels, in order."""
        several: tuple[WebhookSettings | EmailSettings | TopicSettings, ...]
        several = (*self.webhooks, *self.emails, *self.topics)
        return tuple(each.name for each in several)

    @property
    def enabled(self) -> bool:
        """Whether anything could ever be sent."""
        return bool(self.routes or self.calibrations)
