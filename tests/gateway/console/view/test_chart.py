"""Charts as ECharts options: limits, flags with shapes, alarms on the time axis."""

import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.console.texts.words import Words
from gateway.console.theme import LIGHT
from gateway.console.view.chart import axis_range, chart_options
from gateway.console.view.chart_marks import AlarmSpan
from gateway.console.view.judged import Limit
from gateway.console.view.series import UsualBand, readings_of, windows_of
from processors.flags import Flag

ZONE = ZoneInfo("Asia/Shanghai")
WORDS = Words("en")
LIMIT = Limit(240.0, True, 3, "grid.voltage-high")


def _readings(unit: str = "V"):  # type: ignore[no-untyped-def]
    flag = np.array([Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.MISSING], np.uint8)
    value = np.array([230.0, 235.0, 9_000.0, np.nan])
    return readings_of(
        "u_a", unit, np.arange(4, dtype=np.int64) * 60_000_000_000, value, flag, np.zeros(4, np.uint32), ZONE
    )


def test_each_flag_has_a_shape_of_its_own_and_stays_on_the_axis() -> None:
    made = chart_options(WORDS, LIGHT, [_readings()], "V", (0.0, 1.0), [LIMIT], [], "voltage")
    marks = [each for each in made["series"] if each["type"] == "scatter"]
    assert [each["name"] for each in marks] == ["suspect", "fail", "missing"]
    assert len({each["symbol"] for each in marks}) == 3
    low, high = made["yAxis"]["min"], made["yAxis"]["max"]
    assert all(low <= point["value"][1] <= high for each in marks for point in each["data"])
    assert "9000" in marks[1]["data"][0]["name"]
    json.dumps(made)


def test_limits_and_alarms_are_marked() -> None:
    alarms = [AlarmSpan(0.2, None, 1, "Gas"), AlarmSpan(0.1, 0.3, 4, "Silent")]
    made = chart_options(WORDS, LIGHT, [_readings()], "V", (0.0, 1.0), [LIMIT], alarms, "voltage")
    lines = made["series"][0]["markLine"]["data"]
    assert [each.get("yAxis") for each in lines] == [240.0, None, None]
    assert [each["name"] for each in lines][1:] == ["1", "4"]
    assert len(made["series"][0]["markArea"]["data"]) == 3


def test_the_names_of_limits_that_are_close_do_not_lie_on_each_other() -> None:
    made = chart_options(WORDS, LIGHT, [_readings()], "V", (0.0, 1.0), [LIMIT], [], "voltage")
    low, high = made["yAxis"]["min"], made["yAxis"]["max"]
    close = [Limit(240.0 + 0.03 * (high - low), True, 2, "x"), LIMIT, Limit(230.0, False, 2, "x")]
    made = chart_options(WORDS, LIGHT, [_readings()], "V", (0.0, 1.0), close, [], "voltage")
    assert (made["yAxis"]["min"], made["yAxis"]["max"]) == (low, high)
    labels = [each["label"].get("verticalAlign", "middle") for each in made["series"][0]["markLine"]["data"]]
    assert labels == ["middle", "top", "bottom"]


def test_a_band_is_between_minimum_and_maximum() -> None:
    columns = {
        "start": np.array([0, 900_000_000_000]),
        "mean": np.array([1.0, 2.0]),
        "min": np.array([0.0, 1.0]),
        "max": np.array([2.0, 4.0]),
        "revision": np.array([1, 2]),
        "pending": np.array([False, True]),
    }
    made = chart_options(WORDS, LIGHT, [windows_of("u_a", "V", 900, columns, ZONE)], "V", (0.0, 1.0), [], [], "voltage")
    names = [each["name"] for each in made["series"]]
    assert made["legend"]["data"] == ["voltage A", "revised", "to be revised"]
    assert len(names) == 5


def test_what_is_usual_lies_behind_the_readings_under_one_entry_of_the_legend() -> None:
    band = UsualBand("u_a", "V", "grid.unusual", [[0.0, 232.0]], [[0.0, 100.0]], [[0.0, 300.0]], 100.0, 400.0)
    made = chart_options(WORDS, LIGHT, [_readings()], "V", (0.0, 1.0), [], [], "voltage", {"u_a": band})
    mine = [each for each in made["series"] if each["name"] == "usual voltage A, learned"]
    assert [each["data"][0][1] for each in mine] == [100.0, 300.0, 232.0]
    assert all(each["z"] < made["series"][0]["z"] for each in mine)
    assert "markLine" in made["series"][0]
    assert made["legend"]["data"][0] == "voltage A"
    assert {"name": "usual voltage A, learned", "icon": "rect"} in made["legend"]["data"]
    # a wide band does not flatten the readings: 230 to 235 is still a third of the axis
    assert made["yAxis"]["max"] - made["yAxis"]["min"] <= 25
    json.dumps(made)


def test_a_band_of_what_is_not_drawn_is_not_there() -> None:
    band = UsualBand("other", "V", "x", [[0.0, 1.0]], [[0.0, 0.0]], [[0.0, 2.0]], 0.0, 2.0)
    made = chart_options(WORDS, LIGHT, [_readings()], "V", (0.0, 1.0), [], [], "voltage", {"other": band})
    assert not any("usual" in each["name"] for each in made["series"])


@pytest.mark.parametrize(
    ("low", "high", "limits", "axis"),
    [
        (230.0, 235.0, [LIMIT], (225.0, 245.0, 5.0)),
        (0.0, 10.0, [], (0.0, 15.0, 5.0)),
        (float("nan"), float("nan"), [], (0.0, 1.5, 0.5)),
        (5.0, 5.0, [], (4.96, 5.04, 0.02)),
        (-3.0, 3.0, [], (-4.0, 4.0, 2.0)),
        (1.0, 2.0, [LIMIT], (0.5, 2.5, 0.5)),
    ],
)
def test_axes_have_round_numbers_around_the_values_and_near_limits(
    low: float, high: float, limits: list[Limit], axis: tuple[float, float, float]
) -> None:
    assert axis_range([low], [high], limits, 1.0) == axis


def test_hostile_names_stay_texts() -> None:
    made = chart_options(WORDS, LIGHT, [_readings()], "<img onerror=x>", (0.0, 1.0), [], [], "<script>")
    assert made["yAxis"]["name"] == "<img onerror=x>"
    assert "formatter" not in made["tooltip"]
