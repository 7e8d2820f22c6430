"""The closed list of reasons why something is not stored: metric labels, ledger keys, dead letters use only these."""

from enum import StrEnum

__all__ = ["Ignored", "Invalid", "Lost", "Rejected", "Shed", "Unstored"]


class Rejected(StrEnum):
    """A whole message could not be used; it is kept as a dead letter."""

    PAYLOAD_TOO_LARGE = "payload_too_large"
    TOPIC_TOO_LONG = "topic_too_long"
    TOPIC_INVALID = "topic_invalid"
    NESTING_TOO_DEEP = "nesting_too_deep"
    TOO_MANY_RECORDS = "too_many_records"
    COMPRESSION_BROKEN = "compression_broken"
    DECOMPRESSED_TOO_LARGE = "decompressed_too_large"
    NOT_UTF8 = "not_utf8"
    UNREADABLE = "unreadable"
    WRONG_SHAPE = "wrong_shape"
    IDENTITY_MISSING = "identity_missing"
    IDENTITY_INVALID = "identity_invalid"
    TIME_MISSING = "time_missing"
    TIME_INVALID = "time_invalid"
    TOPIC_UNKNOWN = "topic_unknown"
    DEVICE_UNKNOWN = "device_unknown"
    DEVICE_PENDING = "device_pending"
    DEVICE_LIMIT = "device_limit"
    DEVICE_QUOTA = "device_quota"
    SENML_VERSION = "senml_version"
    SENML_UNKNOWN_FIELD = "senml_unknown_field"
    BIRTH_MISSING = "birth_missing"
    ALIAS_UNKNOWN = "alias_unknown"
    NODE_LIMIT = "node_limit"


class Ignored(StrEnum):
    """A message that carries no reading by design; counted, not kept."""

    RETAINED = "retained"
    EMPTY = "empty"
    SIMULATED = "simulated"
    NO_READING = "no_reading"
    SESSION = "session"
    """A birth or death: who is there and what its aliases mean is taken from it."""


class Lost(StrEnum):
    """Why an acknowledged message is gone; entered by `cityloom journal salvage` only."""

    DAMAGE = "damage"
    """Its bytes on disk were damaged."""
    BOOKS = "books"
    """What became of it isn't known: the books themselves were damaged."""


class Shed(StrEnum):
    """A whole message that was let go for want of room."""

    INBOX_FULL = "inbox_full"
    """QoS 0, which nothing slows down: not taken in at all."""
    DEVICE_RATE = "device_rate"
    """Its device sends faster than one may; a sample is kept as dead letters."""


class Invalid(StrEnum):
    """One field of a message could not be used; the message's other fields are kept."""

    WRONG_TYPE = "wrong_type"
    NOT_FINITE = "not_finite"
    REQUIRED_ABSENT = "required_absent"
    ENUM_UNKNOWN = "enum_unknown"
    UNIT_MISMATCH = "unit_mismatch"
    RECORD_TIME_INVALID = "record_time_invalid"
    RECORD_TIME_MISSING = "record_time_missing"
    RECORD_IDENTITY_MISSING = "record_identity_missing"
    RECORD_SHAPE = "record_shape"
    DEVICE_REFUSED = "device_refused"
    DEVICE_RATE = "device_rate"
    """Of a message that is others' too, a device that sends faster than one may."""
    ALIAS_UNKNOWN = "alias_unknown"


class Unstored(StrEnum):
    """A decoded reading that did not become a stored one."""

    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    EXPIRED = "expired"
    REFUSED = "refused"
    RETENTION = "retention"
    DROPPED = "dropped"
