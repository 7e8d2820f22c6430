"""The folder that a site is written to is one that a gateway starts with."""

from pathlib import Path

from device_sims.sources.payloads import KINDS, kind_of
from device_sims.sources.site import Area, Place, Site, write_site
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files

AREA = Area("dma-1", "dma", {"connections": 500.0, "mains_km": 12.5})
TANK = {"m3": 800.0, "height_m": 4.0}


def _site(conditions: str = "") -> Site:
    places = [
        Place("in-1", KINDS["water-flow"], "dma-1", "inlet", {"dn_mm": 300.0}),
        Place("out-1", KINDS["water-flow"], "dma-1", "outlet", {"dn_mm": 200.0}),
        Place("press-1", KINDS["water-pressure"], "dma-1"),
        Place("tank-1", KINDS["reservoir-level"], "dma-1", "tank", TANK),
        Place("tx-1", KINDS["transformer"], "feeder-1", "transformer", {"kva": 800.0}),
        Place("air-1", kind_of("series/air", {"no2": "1"}), "district"),
    ]
    feeder = Area("feeder-1", "feeder", {"kv": 0.4, "capacity_kva": 800.0})
    return Site("town", "Europe/Berlin", 300, [AREA, feeder], places, conditions)


def test_a_gateway_reads_the_site_whole(tmp_path: Path) -> None:
    config = write_site(tmp_path / "new" / "site", _site())

    settings = load_settings(config)
    files = load_seed_files(settings)
    content = files.content(settings)

    assert files.city.timezone == "Europe/Berlin"
    facts = {asset.id: (asset.kind, asset.zone) for asset in content.assets}
    assert facts["inlet-in-1"] == ("inlet", "dma-1")
    assert facts["outlet-out-1"] == ("outlet", "dma-1")
    assert facts["tank-tank-1"] == ("storage", "dma-1")
    assert facts["transformer-tx-1"] == ("transformer", "feeder-1")
    assert {name: profile["interval_secs"] for name, profile in content.profiles.items()} == dict.fromkeys(
        ("air", "reservoir-level", "transformer", "water-flow", "water-pressure"), 300.0
    )
    assert {device.id: device.asset for device in content.devices}["press-1"] == ""
    assert any(condition["name"] == "water.leak" for condition in content.conditions)


def test_conditions_of_its_own_are_all_that_is_judged(tmp_path: Path) -> None:
    text = (
        'schema = 1\n[[conditions]]\nname = "water.high"\ntitle = "High"\nkind = "steps"\nprofile = "water-pressure"\n'
        'quantity = "pressure"\nhigh = [500]\npriorities = [3]\n'
    )
    settings = load_settings(write_site(tmp_path, _site(text)))

    assert [each["name"] for each in load_seed_files(settings).content(settings).conditions] == ["water.high"]


def test_writing_again_writes_over_it(tmp_path: Path) -> None:
    write_site(tmp_path, _site())
    before = (tmp_path / "city.toml").read_bytes()
    write_site(tmp_path, _site())
    assert (tmp_path / "city.toml").read_bytes() == before
