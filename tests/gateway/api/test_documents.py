"""A device's time axis: what its records, its day and its alarms say of it, in order."""

from pathlib import Path
from typing import Any

import msgspec

from gateway.api.documents import time_axis, time_or_none
from gateway.config.seed_files import load_seed_files
from gateway.engine.results import DeviceRecord
from tests.support.running import settings_of

T = 1_772_406_000_000_000_000
SECOND = 1_000_000_000
FIRST = DeviceRecord("d1", "loop", "tianhe", ("k1",), 113.3, 23.1, "", "road-1", "provisioned", T)


def record(**changes: Any) -> dict[str, Any]:
    return msgspec.structs.asdict(msgspec.structs.replace(FIRST, **changes))


def change(what: str, condition: str, at: int) -> dict[str, Any]:
    return {"change": what, "condition": condition, "alarm": "a1", "at": time_or_none(at), "title": condition.title()}


def test_everything_that_happened_to_a_device_is_in_order(tmp_path: Path) -> None:
    city = load_seed_files(settings_of(tmp_path, 1)).city
    records = [
        record(), record(state="known", since=T + SECOND), record(state="known", zone="panyu", since=T + 2 * SECOND),
        record(state="known", zone="panyu", keys=("k2",), since=T + 3 * SECOND),
    ]  # fmt: skip
    row = {
        **records[-1], "records": records, "installed": "2025-06-01", "calibrated": "2025-12-01",
        "heard": T + 9 * SECOND, "offline": 0,
    }  # fmt: skip
    history = [
        change("returned", "device.silent", T + 6 * SECOND), change("raised", "device.silent", T + 5 * SECOND),
        change("acknowledged", "device.silent", T + 5 * SECOND), change("raised", "gas.lel", T + 7 * SECOND),
    ]  # fmt: skip
    axis = time_axis(row, history, city)
    assert [moment["what"] for moment in axis] == [
        "installed", "calibrated", "provisioned", "known", "moved", "replaced", "silent", "online", "fault", "heard",
    ]  # fmt: skip
    assert axis[0]["at"] == "2025-05-31T16:00:00.000000000Z"
    assert (axis[4]["text"], axis[5]["text"]) == ("tianhe road-1 to panyu road-1", "loop k1 by loop k2")
    assert (axis[8]["alarm"], axis[8]["condition"], axis[8]["text"]) == ("a1", "gas.lel", "Gas.Lel")


def test_a_device_of_which_nothing_is_known_has_an_empty_axis(tmp_path: Path) -> None:
    city = load_seed_files(settings_of(tmp_path, 1)).city
    row = {**record(since=0), "records": [], "installed": None, "calibrated": None, "heard": 0, "offline": 0}
    assert time_axis(row, [], city) == []
