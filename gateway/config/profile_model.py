"""The shape of a profile: how one kind of device speaks. gateway/codecs/README.md explains every key by example."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gateway.config.check_specs import ChecksSpec
from gateway.config.cross_specs import CrossChecksSpec
from gateway.config.topic_template import TopicTemplate, parse_template
from gateway.reasons import Ignored

__all__ = [
    "FLAT", "CsvSpec", "FieldSpec", "IdentitySpec", "IgnoreRule", "LineProtocolSpec", "Profile", "ProvisioningSpec",
    "RecordsSpec", "RedactSpec", "SequenceSpec", "TimeSpec",
]  # fmt: skip

_NAME = r"^[a-z][a-z0-9-]{0,63}$"
_QUANTITY = r"^[a-z][a-z0-9_]{0,63}$"
_SEND_WHAT_THEY_LIKE = ("senml", "senml_cbor", "ultralight", "line_protocol", "sparkplug")

FLAT = ("csv", "ultralight", "line_protocol")
"""Codecs whose records are names with values, no tree."""


def _span(low_high: tuple[float, float]) -> tuple[float, float]:
    if not low_high[0] < low_high[1]:
        raise ValueError("the lower end must be below the upper one")
    return low_high


def _one_or_more(paths: tuple[str, ...]) -> tuple[str, ...]:
    if not paths:
        raise ValueError("needs at least one path")
    return paths


def _listed(paths: Any) -> Any:
    return (paths,) if isinstance(paths, str) else paths


def _delimiter(sign: str) -> str:
    if len(sign) != 1 or sign.isalnum() or sign in "\"'.+-\r\n" or not (sign.isprintable() or sign == "\t"):
        raise ValueError("must be one sign that no number, word or quote has")
    return sign


def _of_an_ignored_message(reason: Ignored) -> Ignored:
    if reason not in (Ignored.SIMULATED, Ignored.NO_READING):
        raise ValueError("must be 'simulated' or 'no_reading'; the other reasons are the gateway's own")
    return reason


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("needs an offset or Z, such as 2020-01-01T00:00:00Z")
    return text


Number = Annotated[float, Field(allow_inf_nan=False)]
Paths = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_one_or_more)]
Epoch = Literal["unix_s", "unix_ms", "unix_us", "unix_ns"]
Span = Annotated[tuple[Number, Number], AfterValidator(_span)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IdentitySpec(_Spec):
    """Where the device's key is; exactly one of the five."""

    topic: str | None = None
    """A text of topic variables, such as `{device}` or `{product}/{device}`."""
    path: str | None = None
    """A path in the payload."""
    object_key: bool = False
    """The key of the object member that a `{}` of the records' path stands for."""
    base_name: bool = False
    """SenML: the base name."""
    edge_node: bool = False
    """Sparkplug: group/node of what an edge node says of itself, group/node/device of what it says of a device."""


class ProvisioningSpec(_Spec):
    """What happens to a device that nobody listed, and which zone it gets."""

    policy: Literal["open", "closed", "pending"] = "open"
    zone_from: str | None = None
    """A topic variable; used where it names a zone of the city."""
    zone: str | None = None
    """The zone otherwise."""


class TimeSpec(_Spec):
    """Event time: the first of `path` that is there."""

    path: Paths = ()
    """Where the time is: one path, or several of which the first that is there counts."""
    format: Literal["unix_s", "unix_ms", "unix_us", "unix_ns", "rfc3339", "iso_basic", "local", "receipt"]
    """How it is written; receipt: the payload carries none."""
    numbers: Epoch | None = None
    """Of a text format, where a number may stand instead: what it counts."""
    zone: str | None = None
    """IANA zone of `local` times; a text with an offset of its own needs none."""
    ambiguous: Literal["earlier", "later", "reject"] = "reject"
    """What a local time means that the clock shows twice; `reject` also refuses one that it skips."""
    interval: Literal["start", "end"] | None = None
    """Of a text that may be an ISO 8601 interval `a/b`: the end of it that is the event time."""
    earliest: Annotated[str, AfterValidator(_moment)] | None = None
    """A time before this one, in ISO 8601, is none: it comes from a clock that nobody set yet."""
    unusable: Literal["reject", "receipt"] = "reject"
    """Without a readable time: reject, or stamp at receipt."""


class RecordsSpec(_Spec):
    """Many readings in one message: where its records are, such as `readings[]`, `[]` or `{}[]`."""

    path: str
    """The list or object that holds them, marked with [] or {}."""
    single: bool = False
    """An object in place of a list is the one record."""


class SequenceSpec(_Spec):
    """A number that grows by one a message."""

    path: str
    """A path in the payload."""
    modulus: Annotated[int, Field(ge=2, le=1 << 62)] | None = None
    """Its number of values: 256 where 255 is followed by 0; absent: it never wraps."""
    default: Annotated[int, Field(ge=0)] | None = None
    """What an absent one means (senders that leave out zeros)."""
    scope: str | None = None
    """Path of a session key: the number starts again with each."""
    of: str | None = None
    """Whose counter it is where it is not the device's: a text of topic variables, such as `{group}/{node}`."""


class CsvSpec(_Spec):
    """How delimited text is written."""

    delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    """What stands between two values: one sign, a blank or a tab; of a blank any number is one."""
    header: bool = False
    """The first line of a message names its columns."""
    columns: tuple[str, ...] = ()
    """Names of the columns in order, of lines without a header; without any, paths are positions from 0."""
    pairs: Annotated[str, AfterValidator(_delimiter)] | None = None
    """The sign between name and value, where each value brings its name: `k=v;k=v`."""
    decimal: Literal[".", ","] = "."
    """What stands before the decimals of a number."""
    quote: Literal['"', "'", ""] = '"'
    """What may stand around a value; empty: nothing does."""
    missing: tuple[str, ...] = ()
    """Words that say that there is no value, beside nothing, nan and null."""
    ragged: bool = False
    """Whether a line may have more or fewer values than there are names."""
    joined: dict[str, Annotated[tuple[str, ...], Field(min_length=2)]] = {}
    """A column made of several, with blanks between: a time of a date and a clock."""


class LineProtocolSpec(_Spec):
    """Which lines of line protocol are read."""

    measurement: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    """One measurement or several; without any, all lines are read."""


class IgnoreRule(_Spec):
    """Messages that carry no reading by design: those with a value at a path, or those of some topics."""

    path: str | None = None
    """A path in the payload, together with `equals` or `type`."""
    equals: bool | int | float | str | None = None
    """What stands there in such a message."""
    type: Literal["text", "number", "boolean"] | None = None
    """What kind of value stands there in such a message."""
    topics: tuple[str, ...] = ()
    """Topic templates, beside those of the profile; nothing of their messages is read."""
    reason: Annotated[Ignored, AfterValidator(_of_an_ignored_message)]
    """`simulated` or `no_reading`."""


class RedactSpec(_Spec):
    """Secrets in-band: never in a log, a metric or a dead letter."""

    paths: tuple[str, ...] = ()
    """Paths whose last key is that of a secret, wherever it stands."""
    variables: tuple[str, ...] = ()
    """Topic variables."""


class FieldSpec(_Spec):
    """One quantity: stored = canonical(scale * number on the wire)."""

    path: Paths
    """A path in the record, or several of which the first that is there counts; in SenML the name, in flat formats the
    column or key."""
    time: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    """Where it has a time of its own, in the format of [time]: one path, or several; without it the record's counts."""
    type: Literal["number", "numeric_string", "boolean", "enum"] = "number"
    """What stands there."""
    unit: str = ""
    """Unit on the wire; "1" where it has none."""
    scale: Number = 1.0
    """Factor from the number on the wire to one in `unit`."""
    range: Span | None = None
    """The sensor's span, in `unit`."""
    suspect_range: Span | None = None
    """The plausible span, in `unit`."""
    required: bool | None = None
    """Absent is an error; true but for SenML, UltraLight, line protocol and where fields have times of their own: those
    send what they like."""
    default: Number | None = None
    """What an absent one means (senders that leave out zeros), as the number on the wire or of the enum."""
    enum: dict[str, Number] = {}
    """The number of each word."""
    checks: ChecksSpec | None = None
    """Quality checks beside the two spans."""


class Profile(_Spec):
    """How one kind of device speaks."""

    name: Annotated[str, Field(pattern=_NAME)]
    """Lower-case letters, digits and hyphens, a letter first; names the profile in stores, ledger and metrics."""
    description: str = ""
    """What it is."""
    topic: str | None = None
    """Template of its topics, such as `city/{zone}/loop/{device}`; give this or `topics`."""
    topics: tuple[str, ...] = ()
    """Several templates, where one kind of device speaks under several."""
    codec: Literal["json", "senml", "senml_cbor", "csv", "ultralight", "line_protocol", "text", "sparkplug"] = "json"
    """The format of its payloads."""
    compression: Literal["none", "gzip", "deflate", "zstd", "auto"] = "none"
    """Whether payloads are packed; auto: where the first bytes say so."""
    interval_secs: Annotated[float, Field(gt=0, le=7 * 86400)]
    """Nominal time between two readings; decides the finest window."""
    out_of_orderness_secs: Annotated[float, Field(ge=0, le=86400)] | None = None
    """How far readings may come out of order; max(10 s, interval / 10) where absent."""
    max_messages_per_sec: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None
    """What one device may send in the long run, in place of what the configuration says; 0: any number."""
    identity: IdentitySpec
    provisioning: ProvisioningSpec = ProvisioningSpec()
    wrap_in: str | None = None
    """A topic variable: a message on a topic that has it is read as the member of that name of an object."""
    records: RecordsSpec | None = None
    time: TimeSpec | None = None
    sequence: SequenceSpec | None = None
    csv: CsvSpec | None = None
    line_protocol: LineProtocolSpec | None = None
    ignore: tuple[IgnoreRule, ...] = ()
    redact: RedactSpec = RedactSpec()
    cross_checks: CrossChecksSpec = CrossChecksSpec()
    """What must fit together within a record."""
    fields: Annotated[dict[Annotated[str, Field(pattern=_QUANTITY)], FieldSpec], Field(min_length=1, max_length=64)]

    @property
    def topic_texts(self) -> tuple[str, ...]:
        """The templates of its topics as they are written."""
        return self.topics if self.topic is None else (self.topic, *self.topics)

    @property
    def templates(self) -> tuple[TopicTemplate, ...]:
        """The parsed topics."""
        return tuple(map(parse_template, self.topic_texts))

    @property
    def ignored_topics(self) -> tuple[tuple[TopicTemplate, Ignored], ...]:
        """The parsed topics of messages that are not read, each with its reason."""
        return tuple((parse_template(text), rule.reason) for rule in self.ignore for text in rule.topics)

    @property
    def is_senml(self) -> bool:
        """Whether it speaks SenML, be it as JSON or as CBOR: units are SenML's then."""
        return self.codec in ("senml", "senml_cbor")

    @property
    def interval_ns(self) -> int:
        """Nominal time between two readings of a series."""
        return round(self.interval_secs * 1e9)

    @property
    def out_of_orderness_ns(self) -> int:
        """How far readings may come out of order."""
        given = self.out_of_orderness_secs
        return round((max(10.0, self.interval_secs / 10) if given is None else given) * 1e9)

    def is_required(self, quantity: str) -> bool:
        """Whether a record without this quantity has an invalid reading."""
        spec = self.fields[quantity]
        if spec.default is not None:
            return False
        sends_all = self.codec not in _SEND_WHAT_THEY_LIKE and not self.has_own_times
        return sends_all if spec.required is None else spec.required

    @property
    def has_own_times(self) -> bool:
        """Whether a field has a time of its own: values of different times are then different records."""
        return any(spec.time for spec in self.fields.values())
