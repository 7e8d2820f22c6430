"""What the gateway's state tells, and to whom."""

import pytest

from gateway.access.roles import Role
from gateway.engine.zone import ZoneEngine
from tests.support.api_server import ApiServer


def test_who_is_for_one_zone_hears_no_names_of_devices_in_others(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ZoneEngine, "flooding", lambda *_: ["gas-0001"])
    with server.client(Role.VIEWER, ("tianhe",)) as narrowed, server.client(Role.VIEWER) as whole:
        mine, everything = narrowed.get("/status"), whole.get("/status")
    assert everything.json()["engine"]["flooding"] == ["gas-0001"]
    assert "gas-0001" not in mine.text
    assert mine.json()["engine"].keys() == everything.json()["engine"].keys()
