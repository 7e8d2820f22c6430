"""What a broker's reason code means, and whether it passes by itself or somebody has to do something.

One table for CONNACK, SUBACK, PUBACK and DISCONNECT: a code means the same in all of them (MQTT 5, 2.4). Every refusal
is tried again, for the broker's rules may be mended meanwhile; where somebody is needed it is said as an error, with
what to do, and the tries become rarer. Two clients under one client id throw each other out in turn: so they do it
every few minutes at most, and both say why.
"""

from typing import NamedTuple

__all__ = ["REASONS", "ReasonCode", "reason_of"]

_REPORT = "Report it with the broker's log: it did not understand what we sent."
_MOVED = "Set mqtt.host and mqtt.port to that one; it is not followed by itself, for it would be handed our password."
_TAKEN_OVER = "Another client uses our client id: give each gateway a mqtt.client_id of its own."
_NOT_SHARED = "Set mqtt.connections = 1 and leave mqtt.share_name out, and take $share/ out of mqtt.filters."


class ReasonCode(NamedTuple):
    """text: as the standard names it. remedy: what somebody has to do; empty: it passes by itself."""

    text: str
    remedy: str = ""


REASONS: dict[int, ReasonCode] = {
    0x80: ReasonCode("unspecified error"),
    0x81: ReasonCode("malformed packet", _REPORT),
    0x82: ReasonCode("protocol error", _REPORT),
    0x83: ReasonCode("implementation specific error"),
    0x84: ReasonCode("unsupported protocol version", "Use a broker, or a listener of it, that speaks MQTT 5."),
    0x85: ReasonCode("client identifier not valid", "Choose a mqtt.client_id that the broker allows."),
    0x86: ReasonCode("bad user name or password", "Correct mqtt.username and mqtt.password_file."),
    0x87: ReasonCode("not authorized", "Let the broker's rules allow it to this user and client id."),
    0x88: ReasonCode("server unavailable"),
    0x89: ReasonCode("server busy"),
    0x8A: ReasonCode("banned", "Ask who runs the broker why this client is banned."),
    0x8B: ReasonCode("server shutting down"),
    0x8C: ReasonCode("bad authentication method", "Let the broker take a password or a certificate."),
    0x8D: ReasonCode("keep alive timeout"),
    0x8E: ReasonCode("session taken over", _TAKEN_OVER),
    0x8F: ReasonCode("topic filter invalid", "Correct mqtt.filters: the broker does not take one of them."),
    0x90: ReasonCode("topic name invalid", "Choose a mqtt.canary_topic that the broker takes."),
    0x91: ReasonCode("packet identifier in use", _REPORT),
    0x93: ReasonCode("receive maximum exceeded", _REPORT),
    0x94: ReasonCode("topic alias invalid", _REPORT),
    0x95: ReasonCode("packet too large", "Raise the broker's limit of packets (mosquitto: max_packet_size)."),
    0x96: ReasonCode("message rate too high"),
    0x97: ReasonCode("quota exceeded", "Raise what the broker allows this client."),
    0x98: ReasonCode("administrative action"),
    0x99: ReasonCode("payload format invalid", _REPORT),
    0x9A: ReasonCode("retain not supported", _REPORT),
    0x9B: ReasonCode("QoS not supported", "Set mqtt.qos = 0, or use a broker that does QoS 1."),
    0x9C: ReasonCode("use another server", _MOVED),
    0x9D: ReasonCode("server moved", _MOVED),
    0x9E: ReasonCode("shared subscriptions not supported", _NOT_SHARED),
    0x9F: ReasonCode("connection rate exceeded"),
    0xA0: ReasonCode("maximum connect time"),
    0xA1: ReasonCode("subscription identifiers not supported", _REPORT),
    0xA2: ReasonCode("wildcard subscriptions not supported", "Name topics without wildcards in mqtt.filters."),
}  # fmt: skip


def reason_of(code: int) -> ReasonCode:
    """What `code` means; a code that the standard does not name passes by itself."""
    return REASONS.get(code, ReasonCode(f"reason code 0x{code:02X}"))
