"""Built-in profiles on whole messages: strangers' formats, and where zeros matter, by vector, all by their examples."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seeds
from gateway.codecs.compiled import State, compile_profile
from gateway.config.profiles import load_profiles
from gateway.engine.router import Match, Router

PROFILES = load_profiles(seeds.profile_texts())
ROUTER = Router(PROFILES)
VECTORS = Path(__file__).parent / "vectors"
STRANGERS = ("tts-v3", "chirpstack-v4")
OWN = ("drainage-level", "rain-gauge")
CASES = [(name, case) for name in STRANGERS + OWN for case in json.loads((VECTORS / f"{name}.json").read_text())]


def _ids(value: Any) -> str:
    return value if isinstance(value, str) else str(value["what"])


@pytest.mark.parametrize(("name", "case"), CASES, ids=_ids)
def test_vectors(name: str, case: dict[str, Any]) -> None:
    match = ROUTER.match(case["topic"])
    assert isinstance(match, Match)
    assert PROFILES[match.profile].name == name
    assert match.key == (case["topic"].split("/")[-2] if name in OWN else None)
    profile = compile_profile(PROFILES[match.profile])
    decoded = profile.decode([json.dumps(case["payload"]).encode()], [case["topic"]])
    expect = case["expect"]
    assert [str(reason) for _, reason in decoded.ignored] == [expect[key] for key in ("ignored",) if key in expect]
    assert [str(entry[1]) for entry in decoded.rejected] == [expect[key] for key in ("rejected",) if key in expect]
    if "key" not in expect:
        assert not len(decoded.message)
        return
    assert (decoded.keys or [match.key or ""]) == [expect["key"]]
    assert decoded.ts.tolist() == [expect["ts"]]
    assert decoded.sequence is not None
    assert decoded.sequence.tolist() == [expect["sequence"]]
    assert decoded.sequence_scope == ([expect["scope"]] if "scope" in expect else None)
    states = {quantity.name: State(decoded.state[0, k]) for k, quantity in enumerate(profile.quantities)}
    assert [name for name, state in states.items() if state == State.MISSING] == expect.get("missing", [])
    present = {
        quantity.name: decoded.value[0, k]
        for k, quantity in enumerate(profile.quantities)
        if decoded.state[0, k] == State.PRESENT
    }
    assert present == pytest.approx(expect["values"])
    assert [entry[1] for entry in decoded.invalid] == expect.get("invalid", [])


def example(text: str) -> tuple[str, bytes]:
    """Topic and payload of the comment at the top of a profile."""
    lines = [line.removeprefix("#") for line in text.splitlines() if line.startswith("#")]
    topic = next(line for line in lines if line.startswith(" topic ")).split()[1]
    start = next(k for k, line in enumerate(lines) if line.startswith(" payload "))
    payload = lines[start].removeprefix(" payload ").strip()
    for line in lines[start + 1 :]:
        if not line.startswith("           "):
            break
        payload += line.strip()
    if payload.startswith("base64 "):
        return topic, b64decode(payload.removeprefix("base64 "), validate=True)
    return topic, bytes.fromhex(payload[4:]) if payload.startswith("hex ") else payload.encode()


STORED: dict[str, Any] = {
    "loop-detector": [[52.3, 1380, 0.13]],
    "segment-speed": [[31.5, 17]],
    "meter-3p": [[230.1, 229.8, 231.0, 41.2, 39.9, 40.3, 26.4, 5.1, 0.98, 50.01, 0.023]],
    "water-flow": [[44.64, 88213.52]],
    "water-pressure": [[342], [340]],
    "reservoir-level": [[2.614]],
    "gas-detector": [[2.1, 3, 20.9, 0, 0]],
    "tts-v3": [[0.61, 3.58]],
    "chirpstack-v4": [[0.61, 3.58]],
    "household-meter": [[14711.26, 221.4, 0.812]],
    "feeder-meter": [[881204.62, 21.4, 10210, 10190, 10220, 50.01]],
    "transformer": [[19.8, 30.1, 28.4, 31.7, 391.2, 390.8, 391.9, 46.5, 51.2, 24.0]],
    "grid-event": [[2, 0.12, 0.625, 3]],
    "drainage-level": [[0.312, 18.5, 3.58, -93, 0]],
    "rain-gauge": [[0.0004, 4.8, 4711, 3.61]],
    "senml-station": [[1.42, 18.5, 0.97], [1.41, np.nan, np.nan]],
    "thingsboard-gateway": [[118.2, 0.42], [118.3, np.nan], [9.75, 0.05]],
    "zigbee2mqtt": [[21.4, 0.482, 0, 0.97, 2.99, 120]],
    "tasmota": [[7.4, np.nan, np.nan, 0.042, 229, 0.19, 118.2]],
    "shelly-gen2": [[0.8124, 229.4, 3.61, 118.2, np.nan]],
    "alink": [[0.038, 21.5, np.nan], [np.nan, np.nan, 55.1]],
    "iotda": [[0.038, 21.5, np.nan], [np.nan, np.nan, 55.1]],
    "iotda-gateway": [[0.038, 21.5, np.nan], [np.nan, np.nan, 55.1]],
    "fiware-json": [[0.61, 18.5, 0.93], [0.62, np.nan, np.nan]],
    "ngsi-traffic": [[2364, 0.13, 52.3, 4.1, np.nan, np.nan, 0]],
    "noise-logger": [[61.2, 70.4]],
    "weather-station": [[21.5, 0.482, 101.32, 8.28, 14.4, 0]],
    "air-monitor": [[0.0238, 21.5]],
    "fiware-ul": [[15.2, 0.48], [15.3, np.nan]],
    "traffic-signal": [[2, 3, 2, 96, 0, 0, 0]],
    "sparkplug-pump": [[45, 88213.5, 342, 18.25, 1, 2]],
}


@pytest.mark.parametrize("name", seeds.profile_texts())
def test_the_example_in_each_file_is_what_it_says(name: str) -> None:
    topic, payload = example(seeds.profile_texts()[name])
    match = ROUTER.match(topic)
    assert isinstance(match, Match)
    assert PROFILES[match.profile].name == name
    decoded = compile_profile(PROFILES[match.profile]).decode([payload], [topic], np.array([1772366500 * 10**9]))
    np.testing.assert_allclose(decoded.value, STORED[name], rtol=1e-12)
    assert np.abs(decoded.ts - 1772366400 * 10**9).max() <= 60 * 10**9
    assert not decoded.invalid
