"""What a broker admits to have dropped stands beside the ledger's sums, for good."""

from pathlib import Path

import pytest

from gateway.telemetry.broker_events import BrokerDroppedMessagesError
from tests.support.brokers import PlainMosquitto
from tests.support.fast_publisher import FastPublisher
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of

DEAD_PORT = 9
MESSAGES = 2_000


async def test_drops_that_mosquitto_admits_stand_beside_the_sums(tmp_path: Path, data_folder: Path) -> None:
    telemetry = RecordingTelemetry()
    with PlainMosquitto.running(tmp_path, "max_queued_messages 5\nmax_inflight_messages 5") as mosquitto:
        settings = settings_of(
            data_folder, mosquitto.port, mqtt={"watch_sys": "on", "receive_maximum": 1, "filters": ["any/#"]}
        )
        async with running_gateway(settings, telemetry) as gateway:
            [source] = gateway.sources
            await eventually(lambda: source._session._drops._count is not None, "the counter as it was")
            async with FastPublisher(mosquitto.port, window=MESSAGES) as devices:
                await devices.publish([("any/topic", b"%d" % k) for k in range(MESSAGES)])
            await eventually(lambda: bool(telemetry.of(BrokerDroppedMessagesError)), "the drops are told")

            async def noted() -> bool:
                told = sum(event.n for event in telemetry.of(BrokerDroppedMessagesError))
                beside: int = (await gateway.desk.ledger())["beside"]["lost_at_broker"]
                return beside == told > 0

            await eventually(noted, "and are in the ledger")
            ledger = await gateway.desk.ledger()
            assert ledger["balanced"] is True
            assert ledger["messages"]["received"] + ledger["beside"]["lost_at_broker"] <= MESSAGES
            assert ledger["sources"]["main"]["lost_at_broker"] == ledger["beside"]["lost_at_broker"]
    assert gateway.inbox.totals()[0].lost_at_broker == ledger["beside"]["lost_at_broker"]


@pytest.mark.parametrize("messages", [1, 1_000])
async def test_drops_are_durable_without_any_message(data_folder: Path, messages: int) -> None:
    settings = settings_of(data_folder, DEAD_PORT)
    async with running_gateway(settings, connected=False) as gateway:
        for _ in range(3):
            gateway.reports.dropped_at_broker("main", messages)
        await eventually(lambda: gateway.intake.commits > 0, "a commit of their own")
        await eventually(lambda: gateway.inbox.totals()[0].lost_at_broker == 3 * messages, "they are durable")
    async with running_gateway(settings, connected=False) as gateway:
        ledger = await gateway.desk.ledger()
        assert ledger["beside"] == {"lost_at_broker": 3 * messages}
        assert ledger["balanced"] is True
        assert (await gateway.desk.status())["ledger"]["beside"] == ledger["beside"]
