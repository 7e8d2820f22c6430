"""One run against a broker: what it does between messages."""

from itertools import islice

import pytest

from device_sims import run
from device_sims.city.devices import load_city
from device_sims.clients.publisher import Endpoint, Publisher
from device_sims.faults import Faults
from device_sims.fleet.fleet import Cut, Fleet
from device_sims.run import Plan, simulate
from device_sims.world.local_time import SECOND

MORNING = 1_772_496_000 * SECOND


async def test_a_publisher_that_can_is_told_to_cut_connections(
    broker_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts: list[int] = []

    class CuttingPublisher(Publisher):
        """Notes what it is to cut, and doesn't."""

        def cut(self, number: int) -> bool:
            cuts.append(number)
            return True

    monkeypatch.setattr(run, "Publisher", CuttingPublisher)
    endpoint, faults = Endpoint("127.0.0.1", broker_port), "flapping=0.2:15"
    plan = Plan(endpoint, MORNING, 0, 1.0, devices=100, faults=faults, messages=400)
    summary = await simulate(plan, lambda _: None)
    assert summary.sent == 400
    fleet = Fleet(load_city(100), 1, MORNING, Faults.parse(faults))
    events = list(islice(fleet.events(), 400))
    due = [event.number for event in events if isinstance(event, Cut)]
    assert cuts[: len(due)] == due
    assert len(cuts) > 10
