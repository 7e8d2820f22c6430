"""What pages show of the configuration is what is in force, also after a reload that the page did not ask for."""

from pathlib import Path

from gateway.clock import SystemClock
from gateway.config.settings import Settings
from gateway.console.console import Console
from gateway.console.view.judged import limits_of
from gateway.runtime.reload import Origin
from tests.support.api_server import serving
from tests.support.reloadable import Files


async def _nothing(*_: object) -> None:
    pass


def test_thresholds_profiles_and_places_follow_a_reload(tmp_path: Path) -> None:
    files: list[Files] = []

    def of(port: int) -> tuple[Settings, Origin]:
        files.append(Files(tmp_path, port))
        return files[0].load(), files[0].origin

    with serving(tmp_path, _nothing, SystemClock(), files=of) as server:
        console = Console(server.link, lambda _: None)

        def high() -> list[float]:
            return [each.value for each in limits_of(console.conditions, "tank", "level")]

        before = console.known
        assert (high(), list(console.titles.values())) == ([100.0], ["Too high"])
        assert list(console.profiles["tank"].fields) == ["level"]
        assert console.known is before, "it is read once"

        files[0].conditions({"water.high": ("tank", 60), "water.higher": ("tank", 80)})
        files[0].city(lambda text: text.replace('name_en = "Tianhe"', 'name_en = "Tianhe East"'))
        files[0].profile("well")
        assert server.run(server.gateway.desk.reload())["problems"] == []

        server.eventually(lambda: console.known is not before, "the console follows")
        assert high() == [60.0, 80.0]
        assert list(console.conditions) == list(console.titles) == ["water.high", "water.higher"]
        assert set(console.profiles) == {"tank", "well"}
        assert console.places.zones["tianhe"].name_en == "Tianhe East"
