"""Places follow a reload of the gateway: of their names, of another file, by whomever it was asked."""

from pathlib import Path
from typing import Any

import httpx

from gateway.clock import SystemClock
from gateway.config.settings import Settings
from gateway.runtime.reload import Origin
from tests.support.api_server import serving
from tests.support.reloadable import Files


async def _nothing(*_: object) -> None:
    pass


def _names(client: httpx.Client) -> dict[str, Any]:
    found = client.get("/zones").json()["features"]
    return {each["id"]: each["properties"]["name_en"] for each in found}


def test_zones_and_assets_are_those_of_the_files_that_are_in_force(tmp_path: Path) -> None:
    files: list[Files] = []

    def of(port: int) -> tuple[Settings, Origin]:
        files.append(Files(tmp_path, port))
        return files[0].load(), files[0].origin

    with serving(tmp_path, _nothing, SystemClock(), files=of) as server, server.client() as client:
        assert _names(client)["tianhe"] == "Tianhe"
        assets = client.get("/assets").json()["features"]

        # asked for through the API: whoever asked finds it done. The file is another, and only a name in it
        files[0].city(lambda text: text.replace('name_en = "Tianhe"', 'name_en = "Tianhe East"'))
        assert _names(client)["tianhe"] == "Tianhe"
        assert client.post("/configuration/check").json()["problems"] == []
        assert _names(client)["tianhe"] == "Tianhe"
        assert client.post("/configuration/reload").json()["problems"] == []
        assert _names(client)["tianhe"] == "Tianhe East"
        assert client.get("/assets").json()["features"] == assets

        # asked for at the machine: the stream of live events tells
        files[0].city(lambda text: text.replace('name_en = "Tianhe"', 'name_en = "Tianhe West"'))
        assert server.run(server.gateway.desk.reload())["problems"] == []
        server.eventually(lambda: _city_name(server.link.city) == "Tianhe West", "the link follows")
        assert _names(client)["tianhe"] == "Tianhe West"

        # what the gateway refuses changes nothing
        files[0].city(lambda _: "schema = 1\n")
        assert client.post("/configuration/reload").json()["problems"]
        assert _names(client)["tianhe"] == "Tianhe West"


def _city_name(city: Any) -> str:
    return next(str(zone.name_en) for zone in city.zones if zone.id == "tianhe")
