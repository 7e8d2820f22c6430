"""A device two days behind, through broker and gateway: its upload gives what order would have given."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import numpy as np

from gateway.clock import ManualClock
from gateway.runtime.broker import EmbeddedBroker
from gateway.stores.base import SeriesId
from seeds import profile_texts
from tests.support.brokers import running_embedded
from tests.support.line import Aggregates, aggregates_of, same_bits
from tests.support.running import running_gateway, settings_of, settled

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
NOW = 1_772_406_000 * SECOND
HOURS = 48
Message = tuple[str, bytes]


def _loggers(device: str, ts: Sequence[int], bar: Sequence[float]) -> Message:
    """As a water pressure logger says it."""
    records = ",".join(
        f'{{"ts":"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}","bar":{value:.2f}}}'
        for at, value in zip(ts, bar, strict=True)
    )
    return f"city/tianhe/water/pressure/{device}/readings", f'{{"readings":[{records}],"battery":90}}'.encode()


def _steady(hour: int) -> Message:
    return _loggers("steady", [NOW - HOURS * HOUR + (hour + 1) * HOUR - 2 * SECOND], [3.0 + hour / 100])


def _without_checks(folder: Path) -> Path:
    """The logger's profile without checks that go by the order of arrival: their verdicts may differ, by design."""
    folder.mkdir()
    for name, text in profile_texts().items():
        if name == "water-pressure":
            text = re.sub(r"(?ms)^\[fields\.pressure\.checks\]$.*?(?=^\[|\Z)", "", text)  # noqa: PLW2901
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


async def _run(folder: Path, broker: EmbeddedBroker, parts: Sequence[Sequence[Message]]) -> tuple[Aggregates, int]:
    """Publish the parts, everything revised after each; gives all aggregates, and how many readings were late."""
    clock = ManualClock(NOW + 3 * 24 * HOUR)
    profiles = _without_checks(folder.parent / f"profiles-{folder.name}")
    async with running_gateway(settings_of(folder, broker.port, profiles_dir=profiles), clock=clock) as gateway:
        sent = 0
        for part in parts:
            async with aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
                for topic, payload in part:
                    await client.publish(topic, payload, qos=1)
            sent += len(part)
            await settled(gateway, sent)
            assert await gateway.reviser.finish()
        ledger = await gateway.desk.ledger()
        assert (await gateway.desk.verify())["agrees"]
        names = [SeriesId(device, "pressure") for device in ("behind", "steady")]
        return await aggregates_of(gateway.stores[0], names), ledger["beside"].get("late", 0)


async def test_a_backlog_of_two_days_through_the_broker_gives_what_order_would_have_given(
    data_folder: Path, rng: np.random.Generator
) -> None:
    ts = NOW - HOURS * HOUR + np.arange(HOURS * 60) * 60 * SECOND
    bar = np.round(3.4 + np.cumsum(rng.normal(0, 0.02, len(ts))) % 2, 2)
    hours = [slice(hour * 60, hour * 60 + 60) for hour in range(HOURS)]
    mine = [_loggers("behind", ts[part].tolist(), bar[part].tolist()) for part in hours]
    steady = [_steady(hour) for hour in range(HOURS)]
    # the same days end for both, two days later
    last = [_steady(hour) for hour in (HOURS + 24, HOURS + 48)]
    shuffled = [mine[place] for place in rng.permutation(HOURS).tolist()]
    with running_embedded() as broker:
        in_order = [message for pair in zip(mine, steady, strict=True) for message in pair]
        expected, late = await _run(data_folder / "order", broker, [[*in_order, *last]])
        assert late == 0
    with running_embedded() as broker:
        found, late = await _run(data_folder / "late", broker, [steady, shuffled[:30], last, shuffled[30:]])
        assert late > 0.9 * len(ts)
    assert found.keys() == expected.keys()
    assert {step for _, step in found} == {60, 900, 3600, 86400}
    for key, windows in expected.items():
        assert same_bits(found[key], windows), key
        assert not windows.revision.any()
    assert found[SeriesId("behind", "pressure"), 86400].revision.any()
