"""What it means that the gateway gives no answer."""

from pathlib import Path

import httpx
import pytest

from gateway.link.door import AnswerLate, Door, GatewayAway


@pytest.mark.parametrize(
    ("error", "meaning"),
    [(httpx.ConnectError, GatewayAway), (httpx.ReadTimeout, AnswerLate), (httpx.PoolTimeout, AnswerLate)],
)
async def test_who_waits_in_vain_for_a_connection_is_late_and_the_gateway_is_there(
    tmp_path: Path, error: type[httpx.TransportError], meaning: type[Exception]
) -> None:
    def failing(_: httpx.Request) -> httpx.Response:
        raise error("no")

    door = Door(tmp_path)
    door._client = httpx.AsyncClient(transport=httpx.MockTransport(failing))
    with pytest.raises(meaning) as raised:
        await door.ask("status")
    assert type(raised.value) is meaning
    await door.close()
