"""What the simulated devices say, as messages for a publisher and as the truth to compare with."""

from collections.abc import Iterable
from itertools import islice

from device_sims.city.devices import load_city
from device_sims.fleet.fleet import Fleet, Message
from gateway.clock import SystemClock

__all__ = ["Told", "past_messages", "truth", "wire"]

_BEFORE = 3 * 3600 * 1_000_000_000

Told = dict[tuple[str, str, int], float | None]
"""(device, quantity, ts) -> value, None where the device says that it has none."""


def past_messages(count: int, seed: int = 7) -> list[Message]:
    """The first `count` messages that the whole city sent from three hours ago on."""
    return list(islice(Fleet(load_city(), seed, SystemClock().now() - _BEFORE).messages(), count))


def wire(messages: Iterable[Message]) -> list[tuple[str, bytes]]:
    """Topic and payload of each."""
    return [(message.topic, message.payload) for message in messages]


def truth(messages: Iterable[Message]) -> Told:
    """Every reading in them."""
    return {(m.device, r.quantity, r.ts): r.value for m in messages for r in m.readings}
