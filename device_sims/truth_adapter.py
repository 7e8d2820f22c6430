"""What the truth asks of a message, in one place: what was measured, by which profile, under which number."""

from collections.abc import Mapping

from device_sims.fleet import Message
from device_sims.kinds import Reading

__all__ = ["measured_by", "profile_of", "sequence_of"]


def measured_by(message: Message) -> tuple[Reading, ...]:
    """What the device really measured, whatever it then said."""
    return message.readings


def sequence_of(message: Message) -> int | None:
    """The number that the device gave the message."""
    del message
    return None


def profile_of(message: Message, profiles: Mapping[str, str]) -> str:
    """How the device speaks; `profiles` is that of each device of the city."""
    return profiles[message.device]
