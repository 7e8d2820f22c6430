"""The pytest plugin as a downstream team uses it: sessions of pytest in a folder of their own."""

import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import environment, eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pytest_plugin"), pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
# by its file's name, whether the wheel with its entry point is installed or not
PLUGIN = ("-p", "no:cityloom", "-p", "device_sims.pytest_plugin")
PYTEST = (
    sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:asyncio", "-p", "no:randomly", "-p", "no:cacheprovider",
    "-W", "error", "--strict-markers", "-q",
)  # fmt: skip

WHOLE = """
import urllib.request

import duckdb
import paho.mqtt.client as mqtt
import pytest
from device_sims.testbed.errors import CityError

SEEN = []

@pytest.mark.cityloom(devices=40, for_secs=4, faults="duplicate=0.1")
def test_everything_that_a_city_has(cityloom_city):
    city = cityloom_city
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.on_connect = lambda client, *_: client.subscribe("city/#")
    client.on_message = lambda client, userdata, message: SEEN.append(message.topic)
    client.connect(city.broker.host, city.broker.v311_port)
    client.loop_start()
    assert city.wait_until(lambda: SEEN)
    with pytest.raises(CityError, match="The devices still send"):
        city.truth.sent()
    report = city.wait_until_stored()
    client.disconnect()
    client.loop_stop()

    sent = city.truth.sent().to_pylist()
    assert report["sent"] == len({row["message"] for row in sent}) == city.status()["ledger"]["messages"]["received"]
    assert len(city.devices) == 40
    for device in ("loop-0001", "meter-0003"):
        for quantity in {row["quantity"] for row in sent if row["device"] == device}:
            wanted = {row["ts"]: row["value"] for row in sent if (row["device"], row["quantity"]) == (device, quantity)}
            got = {reading.ts: reading.value for reading in city.readings(device, quantity)}
            assert got == pytest.approx(wanted, rel=1e-9)
    with pytest.raises(CityError, match="There is no device 'nobody' in this city; there are loop-0001"):
        city.readings("nobody", "speed")
    with pytest.raises(CityError, match="no quantity 'sped'. It has"):
        city.readings("loop-0001", "sped")
    with pytest.raises(CityError, match="Not within 0.1 s: pigs fly"):
        city.wait_until(lambda: False, 0.1, "pigs fly")
    assert city.alarms() == []
    with urllib.request.urlopen(city.metrics_url) as answer:
        assert b"cityloom" in answer.read()
    score = city.score()
    assert (score["right"], score["wrong"]) == (True, {})
    city.stop()
    with duckdb.connect(str(city.duckdb), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM series").fetchone()[0] > 40
    with pytest.raises(CityError, match="This city is stopped"):
        city.alarms()
"""
SHARED = """
import pytest

@pytest.fixture(scope="session")
def leak(cityloom_city_factory):
    city = cityloom_city_factory(scenario="gas-leak", speed=900)
    city.wait_until_stored()
    return city

@pytest.mark.parametrize("condition", ["gas.lel", "gas.lel-confirmed"])
def test_the_leak_is_an_alarm(leak, condition):
    assert condition in {alarm["condition"] for alarm in leak.alarms(closed=True)}

def test_devices_that_are_silent_because_the_run_is_over_are_no_false_alarm(leak):
    leak.wait_until(lambda: any(alarm["condition"] == "device.silent" for alarm in leak.alarms()), 60)
    score = leak.score()
    assert score["alarms"]["false"] == []
    assert [trouble["missed"] for trouble in score["alarms"]["troubles"]] == [False]
"""
FAILING = """
import os, signal
import pytest

def test_that_fails(cityloom_city):
    assert not "this test fails"

@pytest.mark.cityloom(faults="nonsense=1")
def test_of_a_city_that_can_not_be(cityloom_city):
    pass

@pytest.mark.cityloom(speeed=60)
def test_of_an_option_that_there_is_not(cityloom_city):
    pass

@pytest.mark.cityloom(60)
def test_of_an_option_without_a_name(cityloom_city):
    pass

def test_of_a_gateway_that_dies(cityloom_city):
    os.kill(cityloom_city._parts.gateway.pid, signal.SIGKILL)
    cityloom_city.wait_until_stored()

def test_that_succeeds_beside_them(cityloom_city):
    assert cityloom_city.devices
"""
SIDE_BY_SIDE = """
import pytest

@pytest.mark.cityloom(devices=10, for_secs=1)
@pytest.mark.parametrize("number", range(2))
def test_one_of_several(cityloom_city, number):
    assert cityloom_city.wait_until_stored()["devices"] == 10
    print("messages", sorted(row["crc"] for row in cityloom_city.truth.sent().to_pylist())[:20])
"""
ENDLESS = """
import threading

def test_that_goes_on(cityloom_city_factory, cityloom_city):
    cityloom_city_factory(devices=5)
    open("up", "w").close()
    threading.Event().wait(120)
"""
STRANGER = """
import sys

def test_that_has_nothing_to_do_with_it(request):
    heavy = {"numpy", "pyarrow", "duckdb", "gateway", "device_sims.testbed", "device_sims.city.devices"}
    assert heavy & set(sys.modules) == set()
    assert request.config.pluginmanager.has_plugin("device_sims.pytest_plugin")
"""


def _pytest(folder: Path, test: str, *words: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_it.py").write_text(test)
    command = [*PYTEST, "--basetemp", str(folder / "t"), "--junit-xml", str(folder / "report.xml"), *words]
    return subprocess.run(
        command, cwd=folder, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, timeout=280,
        check=False,
    )  # fmt: skip


def _of_the_folder(folder: Path) -> list[str]:
    """Processes that were started for a city in it."""
    found = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if str(folder) in line and "pytest" not in line]


@pytest.fixture
def folder(data_folder: Path) -> Iterator[Path]:
    yield data_folder
    eventually(lambda: not _of_the_folder(data_folder), "no process of a city is left behind")


def test_a_city_has_all_that_it_promises(folder: Path) -> None:
    done = _pytest(folder, WHOLE)

    assert done.returncode == 0, done.stdout + done.stderr


def test_tests_share_a_city_with_a_scenario(folder: Path) -> None:
    done = _pytest(folder, SHARED)

    assert done.returncode == 0, done.stdout + done.stderr


def test_what_goes_wrong_is_said_with_the_logs_and_stays_one_thing(folder: Path) -> None:
    done = _pytest(folder, FAILING)

    assert "1 passed" in done.stdout, done.stdout
    said = {}
    for case in ET.parse(folder / "report.xml").iter("testcase"):
        text = "".join("".join(part.itertext()) + (part.get("message") or "") for part in case)
        said[case.get("name")] = text
    assert re.search(r"cityloom: gateway, the end of .*gateway\.log", done.stdout)
    assert "broker connected" in done.stdout
    assert "unknown fault 'nonsense'" in said["test_of_a_city_that_can_not_be"]
    assert "a city has no option 'speeed'; there are devices" in said["test_of_an_option_that_there_is_not"]
    assert "takes keywords only, not (60,)" in said["test_of_an_option_without_a_name"]
    assert "The gateway has ended by itself with code -9" in said["test_of_a_gateway_that_dies"]
    assert said["test_that_succeeds_beside_them"] == ""


def test_workers_of_xdist_have_cities_of_their_own_that_send_the_same(folder: Path) -> None:
    done = _pytest(folder, SIDE_BY_SIDE, "-n", "2", "-rP")

    assert done.returncode == 0, done.stdout + done.stderr
    messages = re.findall(r"^messages .*", done.stdout, re.MULTILINE)
    assert len(messages) == 2
    assert len(set(messages)) == 1
    assert len(messages[0]) > 100


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_session_that_is_left_leaves_nothing_behind(folder: Path, how: signal.Signals) -> None:
    (folder / "test_it.py").write_text(ENDLESS)
    with (folder / "out").open("w") as out:
        session = subprocess.Popen(
            [*PYTEST, "--basetemp", str(folder / "t")], cwd=folder, env=environment(PYTHONPATH=str(ROOT)), stdout=out,
            stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        eventually((folder / "up").exists, "two cities run", 120)
        assert len(_of_the_folder(folder)) >= 4
    finally:
        os.kill(session.pid, how)
        code = session.wait(60)

    assert code == (2 if how == signal.SIGINT else -signal.SIGKILL), (folder / "out").read_text()


def test_a_session_without_a_city_imports_nothing_of_it(folder: Path) -> None:
    done = _pytest(folder, STRANGER)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_marker_is_explained(folder: Path) -> None:
    done = _pytest(folder, STRANGER, "--markers")

    assert "@pytest.mark.cityloom(devices=None, scenario=''" in done.stdout
