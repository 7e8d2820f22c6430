"""Which faults there are: a name and a bit for each, what it hits, and what its size is.

| name | hits | size | and then |
|---|---|---|---|
| silence | devices | [0] s | it sends nothing, and what it measured is lost |
| duplicate | messages | | the same bytes are sent twice |
| late | messages | s | it is sent up to so much later |
| reorder | messages | | it is sent after its successor |
| backlog | devices | s | was cut off for so long before the start, and sends what it kept at the start |
| outage | devices | s | is cut off, and sends what it kept when it is back |
| flapping | devices | [20] s | is cut off for so long of every four times so long, and its connection is really cut |
| clock | devices | s | its clock is so much ahead (negative: behind) |
| clock_drift | devices | ppm | its clock runs fast (negative: slow) by so much from the fault's start on |
| wrong_clock | devices | years | its clock is years ahead (negative: behind); 0: at the fault's start it read 1970 |
| stuck | devices | [0] s | it repeats what it measured last before it got stuck |
| spike | messages | [10] times | the value is so many times what it was |
| drift | devices | share | the value grows by this share of it a day from the fault's start on |
| unit | devices | factor | the value is sent in another unit: times this |
| noise | devices | [0.1] share | the value wavers, with this share of it as standard deviation |
| wrong_type | messages | | one number is a text |
| truncated | messages | | the second half of the payload is missing |
| invalid | messages | | the payload is garbage, of the same length |
| oversize | messages | [300000] bytes | the payload is padded to so many |
| wrong_topic | messages | | it is sent on the topic of a device that nobody knows, or on one that nobody hears |
| reboot | devices | [3600] s | so often it starts again, is away for a minute at most, and counts messages from 0 |

Sizes in brackets are taken where none is given. What holds for a whole run is said by a specification
(specification.py); silence, outage and stuck are then on for their size of every two times their size, or always
where it is 0. The tables of a scenario (tables.py) say from when to when; these three, a backlog and a reboot then last
for all of that time if no size is given.
"""

from dataclasses import dataclass

__all__ = ["BITS", "CLOCKS", "NAMES", "QUANTITIES", "RULES", "SPOILT", "VALUES", "Rule", "bits_of", "names_of"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a fault hits and needs."""

    single: bool = False
    """It hits single messages; otherwise a device, for a time."""
    size: str = ""
    """What the size is; "": it has none."""
    default: float | None = None
    """The size where none is given; None: one must be given, if there is any."""
    period: float = 0.0
    """In a specification, and where a table gives a size, it comes back after so many times its size; 0: it doesn't."""
    least: float | None = 0.0
    """The size is above this, or is the default; None: any will do."""
    most: float = float("inf")


RULES: dict[str, Rule] = {
    "silence": Rule(size="s", default=0.0, period=2.0),
    "duplicate": Rule(single=True),
    "late": Rule(single=True, size="s"),
    "reorder": Rule(single=True),
    "backlog": Rule(size="s"),
    "outage": Rule(size="s", period=2.0),
    "flapping": Rule(size="s", default=20.0, period=4.0),
    "clock": Rule(size="s", least=None),
    "clock_drift": Rule(size="ppm", least=None),
    "wrong_clock": Rule(size="years", least=None),
    "stuck": Rule(size="s", default=0.0, period=2.0),
    "spike": Rule(single=True, size="times", default=10.0, least=None),
    "drift": Rule(size="share a day", least=None),
    "unit": Rule(size="factor", least=None),
    "noise": Rule(size="share", default=0.1),
    "wrong_type": Rule(single=True),
    "truncated": Rule(single=True),
    "invalid": Rule(single=True),
    # a broker cuts the connection of whoever sends more than it takes; the smallest bound among ours is 1 MiB
    "oversize": Rule(single=True, size="bytes", default=300_000.0, most=1_000_000.0),
    "wrong_topic": Rule(single=True),
    "reboot": Rule(size="s", default=3600.0, period=1.0),
}
"""In the order in which `Message.fault` joins their names."""

NAMES = tuple(RULES)
BITS: dict[str, int] = {name: 1 << place for place, name in enumerate(NAMES)}
"""A bit per fault, in the order of NAMES."""


def bits_of(*names: str) -> int:
    """The bits of several faults."""
    return sum(BITS[name] for name in names)


def names_of(marks: int) -> str:
    """The names of a message's faults, joined by `+`; empty: none."""
    return "+".join(name for name, bit in BITS.items() if marks & bit) if marks else ""


CLOCKS = bits_of("clock", "clock_drift", "wrong_clock")
"""The time stamp is not that of the measurement."""
VALUES = bits_of("stuck", "spike", "drift", "unit", "noise", "reboot")
"""What is sent is not what was measured, or is counted otherwise."""
QUANTITIES = frozenset({"stuck", "spike", "drift", "unit", "noise"})
"""Those that change the value of a quantity."""
SPOILT = bits_of("truncated", "invalid", "oversize", "wrong_topic")
"""Nothing that the message says can be used."""
