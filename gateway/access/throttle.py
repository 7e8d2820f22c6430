"""How often wrong tokens are looked at: a few at once, then each failure doubles the wait, by address and by token.

    free failures, then   1 s  2 s  4 s  8 s ... up to five minutes (an address), half a minute (a token's id)
    forgotten             a quarter of an hour after the last one

Nobody guesses a token of 256 bits; this keeps load and logs small. So that a stranger who knows an id, or one broken
script behind an office's common address, shuts nobody out: a token that was right from an address goes on from there
without waiting, for a day. Memory is bounded; where it is full, whoever failed longest ago is forgotten.
"""

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass

__all__ = ["Throttle", "ThrottleConfig", "address_group"]

_SECOND = 1_000_000_000
_IPV6_GROUP = 64
"""Bits that one subscriber has at least; the rest they choose themselves."""


@dataclass(frozen=True, slots=True)
class ThrottleConfig:
    """Times are ns."""

    free: int = 5
    """Failures that cost no wait."""
    first: int = _SECOND
    most_by_address: int = 300 * _SECOND
    most_by_token: int = 30 * _SECOND
    forget: int = 900 * _SECOND
    trust: int = 86_400 * _SECOND
    """For how long a token that was right from an address needn't wait there."""
    most_keys: int = 10_000
    """Of each kind that are remembered."""


@dataclass(slots=True)
class _Failures:
    count: int
    last: int
    until: int


class Throttle:
    """Of one process. Calls may come from any thread; `now` is the machine's clock."""

    def __init__(self, config: ThrottleConfig = ThrottleConfig()) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._good: OrderedDict[tuple[str, str], int] = OrderedDict()

    def __len__(self) -> int:
        """How much is remembered."""
        return len(self._failures) + len(self._good)

    def wait(self, now: int, address: str, token: str = "") -> int:
        """Nanoseconds until a token from there is looked at; 0: now. `token`: the public id that it claims."""
        group = address_group(address)
        with self._lock:
            trusted = self._good.get((group, token))
            if trusted is not None and now - trusted < self._config.trust:
                return 0
            return max(self._left(now, f"a {group}"), self._left(now, f"t {token}") if token else 0)

    def failed(self, now: int, address: str, token: str = "") -> int:
        """A wrong one came; gives how long the next one waits. `token`: the id that it claims."""
        group = address_group(address)
        with self._lock:
            waits = [self._fail(now, f"a {group}", self._config.most_by_address)]
            if token:
                waits.append(self._fail(now, f"t {token}", self._config.most_by_token))
            return max(waits)

    def succeeded(self, now: int, address: str, token: str) -> None:
        """A right one came. What else failed from there stays remembered."""
        with self._lock:
            key = (address_group(address), token)
            self._good[key] = now
            self._good.move_to_end(key)
            if len(self._good) > self._config.most_keys:
                self._good.popitem(last=False)

    def _left(self, now: int, key: str) -> int:
        found = self._failures.get(key)
        # a clock that was set back makes nobody wait for longer than they had to
        return 0 if found is None else max(min(found.until - now, found.until - found.last), 0)

    def _fail(self, now: int, key: str, most: int) -> int:
        found = self._failures.get(key)
        if found is None or now - found.last >= self._config.forget:
            found = _Failures(0, now, now)
        found.count, found.last = found.count + 1, now
        doubled = found.count - self._config.free - 1
        # a shift by a number that anybody can drive up would be a number of that many bits
        wait = 0 if doubled < 0 else min(self._config.first << min(doubled, 32), most)
        found.until = now + wait
        self._failures[key] = found
        self._failures.move_to_end(key)
        if len(self._failures) > self._config.most_keys:
            self._failures.popitem(last=False)
        return wait


def address_group(address: str) -> str:
    """What counts as one client: an IPv4 address, a /64 of IPv6; a text that is neither stands for itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), _IPV6_GROUP), strict=False))
    return str(found)
