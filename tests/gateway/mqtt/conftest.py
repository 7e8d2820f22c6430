"""Brokers of both kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import PlainMosquitto, running_embedded


@pytest.fixture(params=["embedded", "mosquitto"])
def broker_port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    if request.param == "embedded":
        with running_embedded() as embedded:
            yield embedded.port
    else:
        with PlainMosquitto.running(tmp_path) as mosquitto:
            yield mosquitto.port
