"""Series and the flags that ioos_qc gave them, kept in ioos_traces.json, and the script that asks ioos_qc.

ioos_qc is no dependency of ours (it brings pandas, xarray and shapely, some 265 MB). Where it is installed:

    python -m tests.processors.quality.ioos_traces --check     does ioos_qc still say what the file says?
    python -m tests.processors.quality.ioos_traces --write     make the file anew
"""

import argparse
import importlib
import importlib.metadata
import json
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trace", "flags_of", "trace"]

FILE = Path(__file__).with_suffix(".json")
SEED = 20_260_301
T0 = 1_777_600_800
"""UTC seconds of the series' time 0."""
Numbers = NDArray[np.float64]


class Trace(NamedTuple):
    """A series, what was asked of it, and what ioos_qc answered."""

    value: Numbers
    at: Numbers
    """Seconds after T0."""
    flags: list[int]
    """Empty where it raised."""
    error: str
    """The class of what it raised."""


def trace(name: str) -> Trace:
    """A case of the file."""
    case = _kept()["cases"][name]
    value, at = _columns(_kept()["series"][case["series"]])
    return Trace(value, at, list(map(int, case.get("flags", ""))), case.get("error", ""))


def flags_of(name: str) -> list[int]:
    """The flags alone."""
    return trace(name).flags


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return kept


def _columns(series: dict[str, Any]) -> tuple[Numbers, Numbers]:
    value = np.array([np.nan if v is None else v for v in series["value"]], np.float64)
    at = series["at"]
    if isinstance(at, int | float):
        return value, np.arange(len(value), dtype=np.float64) * np.float64(at)
    return value, np.array(at, np.float64)


# ---- making the file: the series, and what is asked of them ----


def _walk(rng: np.random.Generator, n: int = 500) -> Numbers:
    """A walk with spikes, plateaus, quiet stretches and missing values."""
    value = np.cumsum(rng.normal(0, 0.4, n)).round(2)
    value[rng.integers(0, n, 12)] += rng.choice([-6.0, 6.0, 20.0], 12)
    for begin in rng.integers(0, n - 40, 4):
        value[begin : begin + rng.integers(5, 40)] = value[begin]
    value[rng.integers(0, n, 15)] = np.nan
    return value.round(2)


def _series() -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(SEED)
    walk = _walk(rng)
    holes = np.full(40, 7.0)
    holes[rng.integers(2, 30, 8)] = np.nan
    made: dict[str, tuple[Any, Any]] = {
        "walk": (walk, 60), "walk-whole": (walk[~np.isnan(walk)], 60), "holes": (holes, 60), "one": ([1.0], 60),
        "fractions": ([0.0, 3.0, 3.0, 4.5], [0.0, 0.5, 1.0, 2.5]), "peak": ([0.0, 5.0, 0.0], 1), "six": ([5.0] * 6, 60),
        "wobble": ([5.0, 5.5, 5.0, 5.5, 5.0], 60), "pause": ([5.0] * 7, [0, 60, 120, 4000, 4060, 4120, 4180]),
        "two": ([5.0, 6.0], 60), "gaps": ([1.0] * 5, [0, 3600, 10_800, 18_001, 30_000]),
    }  # fmt: skip
    return {
        name: {"at": at, "value": [None if np.isnan(v) else float(v) for v in value]}
        for name, (value, at) in made.items()
    }


def _flat(series: str, suspect: int, fail: int, **more: float) -> tuple[str, str, dict[str, Any]]:
    return "flat_line_test", series, {"suspect_threshold": suspect, "fail_threshold": fail, **more}


def _calls() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Name -> (function of ioos_qc.qartod, series, arguments)."""
    std, reach = {"suspect_threshold": 0.6, "fail_threshold": 0.2}, {"suspect_threshold": 2.0, "fail_threshold": 0.5}
    window = {"test_period": 1200, "min_obs": 3}
    spike = {"suspect_threshold": 2.0, "fail_threshold": 8.0}
    return {
        "gross-range": ("gross_range_test", "walk", {"fail_span": [-8.0, 12.0], "suspect_span": [-4.0, 6.0]}),
        "gross-range-without-limits": ("gross_range_test", "one", {"fail_span": None}),
        "rate": ("rate_of_change_test", "walk", {"threshold": 1 / 60, "fail_threshold": 5 / 60}),
        "rate-below-a-second": ("rate_of_change_test", "fractions", {"threshold": 4.0}),
        "rate-cut-to-seconds": ("rate_of_change_test", "fractions", {"threshold": 1.2}),
        "spike-average": ("spike_test", "walk", {**spike, "method": "average"}),
        "spike-differential": ("spike_test", "walk", {**spike, "method": "differential"}),
        "spike-zero": ("spike_test", "peak", {"suspect_threshold": 0, "fail_threshold": 8.0}),
        "flat-equal": _flat("walk-whole", 300, 900, tolerance=1e-9),
        "flat-default-tolerance": _flat("six", 120, 240),
        "flat-tolerance-zero": _flat("six", 120, 240, tolerance=0),
        "flat-range-of-the-tolerance": _flat("wobble", 120, 240, tolerance=0.5),
        "flat-tolerance": _flat("walk-whole", 300, 900, tolerance=0.8),
        "flat-holes": _flat("holes", 300, 900, tolerance=0.1),
        "flat-pause": _flat("pause", 300, 9000, tolerance=0.1),
        "attenuated-std": ("attenuated_signal_test", "walk", {**std, **window, "check_type": "std"}),
        "attenuated-range": ("attenuated_signal_test", "walk", {**reach, **window, "check_type": "range"}),
        "attenuated-two": (
            "attenuated_signal_test", "two", {"suspect_threshold": 0.5, "fail_threshold": 0.1, "test_period": 240},
        ),
        "gap": ("time_gap_test", "gaps", {"fail_span": 2}),
        "compare": ("qartod_compare", "one", {}),
    }  # fmt: skip


def _asked(test: str, series: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """What ioos_qc says now."""
    qartod = importlib.import_module("ioos_qc.qartod")
    value, at = _columns(series)
    time = (T0 * 10**9 + np.round(at * 1e9).astype(np.int64)).astype("datetime64[ns]")
    inputs = {"time_gap_test": (time,), "gross_range_test": (value,), "spike_test": (value,)}
    if test == "qartod_compare":
        flags = np.array([9, 2, 1, 3, 4], np.uint8)
        inputs[test] = ([np.repeat(flags, 5), np.tile(flags, 5)],)  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ioos_qc, pandas and what they use
        try:
            found = getattr(qartod, test)(*inputs.get(test, (value, time)), **arguments)
        except (ValueError, TypeError) as error:
            return {"error": type(error).__name__}
    return {"flags": "".join(str(int(flag)) for flag in np.ma.getdata(found))}


def _made() -> dict[str, Any]:
    series = _series()
    cases = {
        name: {"test": test, "series": on, "arguments": arguments, **_asked(test, series[on], arguments)}
        for name, (test, on, arguments) in _calls().items()
    }
    return {"ioos_qc": importlib.metadata.version("ioos-qc"), "seed": SEED, "series": series, "cases": cases}


def _text(made: dict[str, Any]) -> str:
    """One line a series and case, so that a change shows where it is."""
    parts = [f'"{key}": {json.dumps(made[key])}' for key in ("ioos_qc", "seed")]
    for key in ("series", "cases"):
        rows = ",\n".join(f'  "{name}": {json.dumps(entry)}' for name, entry in made[key].items())
        parts.append(f'"{key}": {{\n{rows}\n}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> int:
    """Write the file, or compare it with what ioos_qc says of the same series now."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true")
    what.add_argument("--check", action="store_true")
    if parser.parse_args().write:
        FILE.write_text(_text(_made()), "utf-8")
        return 0
    kept = _kept()
    differ = []
    for name, case in kept["cases"].items():
        answer = _asked(case["test"], kept["series"][case["series"]], case["arguments"])
        if answer != {key: case[key] for key in ("flags", "error") if key in case}:
            differ.append(name)
    version = importlib.metadata.version("ioos-qc")
    said = f"{', '.join(differ)}: other flags" if differ else "the same flags"
    sys.stdout.write(f"ioos_qc {version} on the series of ioos_qc {kept['ioos_qc']}: {said}\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
