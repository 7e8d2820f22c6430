"""The pytest plugin `cityloom`: a running city for tests of whatever stands downstream of one.

    @pytest.mark.cityloom(devices=50, scenario="burst-main", speed=600)
    def test_dashboard(cityloom_city): ...

testbed/README.md is the page for users. A session that asks for no city imports nothing but this file.
"""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from device_sims.testbed.city import City

__all__ = ["cityloom_city", "cityloom_city_factory", "pytest_configure", "pytest_runtest_makereport"]

_MARKER = (
    "cityloom(devices=None, scenario='', speed=60, seed=1, faults='', for_secs=None, origin='', recordings=False): "
    "which city the fixture cityloom_city gives; see device_sims/testbed/README.md."
)
_FIXTURES = ("cityloom_city", "cityloom_city_factory")
_SHOWN_LINES = 40


class _Cities:
    """Those of this session that may have something to say."""

    def __init__(self) -> None:
        self.running: list[City] = []
        self.failed: list[Path] = []
        """Folders of those that could not be started, or not be stopped in order, since the last report."""

    def start(self, factory: pytest.TempPathFactory, options: dict[str, Any]) -> "City":
        from device_sims.testbed.city import City  # noqa: PLC0415 - only who asks for a city pays for it
        from device_sims.testbed.options import CityOptions  # noqa: PLC0415

        folder = factory.mktemp("cityloom")
        try:
            city = City(CityOptions.of(options), folder)
        except BaseException:
            self.failed.append(folder)
            raise
        self.running.append(city)
        return city

    def stop(self, city: "City") -> None:
        self.running.remove(city)
        try:
            city.stop()
        except BaseException:
            self.failed.append(city.folder)
            raise

    def sections(self) -> Iterator[tuple[str, str]]:
        """The end of every log, under a title."""
        for folder in [city.folder for city in self.running] + self.failed:
            for log in sorted(folder.glob("*.log")):
                said = log.read_text(encoding="utf-8", errors="replace").splitlines()
                if said:
                    yield f"cityloom: {log.stem}, the end of {log}", "\n".join(said[-_SHOWN_LINES:])


_CITIES = pytest.StashKey[_Cities]()


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line("markers", _MARKER)
    config.stash[_CITIES] = _Cities()


@pytest.fixture(scope="session")
def cityloom_city_factory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Callable[..., City]]":
    """`make(devices=50, scenario=..., ...)` starts a city; all of them end with the session."""
    cities, made = request.config.stash[_CITIES], list["City"]()

    def make(**options: Any) -> "City":
        made.append(cities.start(tmp_path_factory, options))
        return made[-1]

    yield make
    _stop_all(cities, made)


@pytest.fixture
def cityloom_city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[City]":
    """A running city, as the marker `cityloom` asks for it, that ends with the test."""
    options: dict[str, Any] = {}
    for marker in request.node.iter_markers("cityloom"):
        if marker.args:
            pytest.fail(f"the marker cityloom takes keywords only, not {marker.args!r}", pytrace=False)
        options = marker.kwargs | options  # the closest one comes first
    from device_sims.testbed.errors import CityError  # noqa: PLC0415 - as above

    cities, problem = request.config.stash[_CITIES], ""
    try:
        city = cities.start(tmp_path_factory, options)
    except CityError as error:
        problem = str(error)
    if problem:
        pytest.fail(problem, pytrace=False)
    yield city
    cities.stop(city)


def _stop_all(cities: _Cities, made: "list[City]") -> None:
    """The last first; one that fails keeps no other from being stopped."""
    if not made:
        return
    try:
        cities.stop(made.pop())
    finally:
        _stop_all(cities, made)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what gateway, devices and broker said where a test of a city fails."""
    report = yield
    if not set(_FIXTURES).isdisjoint(getattr(item, "fixturenames", ())):
        cities = item.config.stash[_CITIES]
        if report.failed:
            report.sections += cities.sections()
        cities.failed = []
    return report
