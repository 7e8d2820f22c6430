"""A run of Sparkplug edge nodes against a broker: links, the city's clock, the truth, an end.

EdgePlan --> EdgeNode + EdgeLink, a node each --> EdgeBooks --> EdgeSummary, folder of truth

An edge node's devices are in no list: a gateway meets them by their births, as devices of no zone whose id is their key
group/node/device (`policy = "open"` in the profile). So any number of nodes can be run against any gateway.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device_sims.city.devices import City, Device, load_city
from device_sims.clients.endpoint import Endpoint
from device_sims.edge.books import EdgeBooks, EdgeSummary
from device_sims.edge.link import EdgeLink, Habits
from device_sims.edge.node import PROFILE, EdgeNode
from device_sims.run import STOPPING
from device_sims.truth.folder import RunFolder, RunStory
from device_sims.world.clock import CityClock

__all__ = ["UNZONED", "EdgePlan", "EdgeProgress", "simulate_edges"]

UNZONED = "unzoned"
"""Where a gateway puts a device of which neither topic nor list tells a zone."""


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """What to run. Times are UTC nanoseconds."""

    endpoint: Endpoint
    origin: int
    start: int
    speed: float = 1.0
    group: str = "Water"
    nodes: int = 2
    devices: int = 3
    """Of each node."""
    habits: Habits = field(default_factory=Habits)
    for_secs: float | None = None
    """Real seconds."""
    truth: Path | None = None
    """Folder for the truth of this run; made, and must not hold another's."""


@dataclass(frozen=True, slots=True)
class EdgeProgress:
    """A run at work: nothing here is a copy."""

    summary: EdgeSummary
    clock: CityClock
    links: Sequence[EdgeLink]


async def simulate_edges(
    plan: EdgePlan, say: Callable[[str], None], watch: Callable[[EdgeProgress], None] = lambda _: None
) -> EdgeSummary:
    """Run `plan` until its time is over, SIGTERM or SIGINT, then let every node say that it goes.

    A second signal ends the process.

    Args:
        say: is told what an operator should know, as a sentence.
        watch: is given, once, what changes while it runs.

    Raises:
        ValueError: the folder for the truth holds another run's, or a certificate can't be used.
        OSError: the truth can't be written.
    """
    clock = CityClock(plan.origin, plan.start, plan.speed)
    pumps = [f"Pump-{k}" for k in range(1, plan.devices + 1)]
    nodes = [EdgeNode(plan.group, f"PS-{k}", pumps, plan.habits.seed) for k in range(1, plan.nodes + 1)]
    folder = _folder(plan, nodes) if plan.truth is not None else None
    books = EdgeBooks(EdgeSummary(plan.nodes, plan.nodes * plan.devices), folder.part if folder is not None else None)
    context = plan.endpoint.tls.context() if plan.endpoint.tls is not None else None
    reach = _Reach(plan.endpoint, say)
    links = [EdgeLink(node, plan.endpoint, clock, books, plan.habits, reach.told, context) for node in nodes]
    watch(EdgeProgress(books.summary, clock, links))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in STOPPING:
            loop.remove_signal_handler(number)
        for link in links:
            link.stop()

    for number in STOPPING:
        loop.add_signal_handler(number, stop)
    ending = loop.call_later(plan.for_secs, stop) if plan.for_secs is not None else None
    try:
        async with asyncio.TaskGroup() as tasks:
            for link in links:
                tasks.create_task(link.run(), name=f"device_sims.edge.{link.node.node}")
    finally:
        if ending is not None:
            ending.cancel()
        for number in STOPPING:
            loop.remove_signal_handler(number)
        if folder is not None:
            _finish(folder, books)
    return books.summary


def _folder(plan: EdgePlan, nodes: Sequence[EdgeNode]) -> RunFolder:
    assert plan.truth is not None
    keys = [node.key(device) for node in nodes for device in node.devices]
    devices = tuple(Device(key, PROFILE, key, UNZONED, {}, number=k) for k, key in enumerate(keys))
    habits = plan.habits
    wrong = [f"lost={habits.lose:g}"] if habits.lose else []
    if habits.cut_every_secs is not None:
        wrong.append(f"cut every {habits.cut_every_secs:g} s for {habits.cut_secs:g} s")
    folder = RunFolder(plan.truth)
    folder.begin(
        RunStory(habits.seed, plan.origin, plan.start, plan.speed, "city", ", ".join(wrong), recordings=False),
        City(load_city(1).timezone, devices, {}), None,
    )  # fmt: skip
    return folder


def _finish(folder: RunFolder, books: EdgeBooks) -> None:
    summary = books.summary
    counts = {"messages": summary.messages, "sent": summary.sent, "readings": summary.readings, "resent": 0}
    folder.finish(counts, books.spans, cleanly=summary.sent == summary.messages, sessions=summary.truth)


class _Reach:
    """Says once that the broker can't be reached, and once that it can again, however many nodes there are."""

    def __init__(self, endpoint: Endpoint, say: Callable[[str], None]) -> None:
        self._endpoint, self._say = endpoint, say
        self._away: set[EdgeLink] = set()

    def told(self, link: EdgeLink, problem: str) -> None:
        """See EdgeLink.run."""
        if problem and not self._away:
            text = problem.rstrip(".")
            self._say(f"no connection to the broker at {self._endpoint} ({text}); edge nodes measure on and keep it")
        if problem:
            self._away.add(link)
        elif link in self._away:
            self._away.remove(link)
            if not self._away:
                self._say(f"connected to the broker at {self._endpoint}")
