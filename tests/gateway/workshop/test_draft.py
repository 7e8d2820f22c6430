"""Drafts of messages: of every built-in kind they read what the built-in profile reads, and bad input makes none."""

import json
import random
import tomllib
from collections import defaultdict
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest

import seeds
from device_sims.city.devices import load_city
from device_sims.fleet.fleet import Fleet
from gateway.codecs.compiled import compile_profile
from gateway.codecs.decoded import State
from gateway.config.bounds import Bounds
from gateway.config.paths import parse_path
from gateway.config.profiles import Profile, load_profiles
from gateway.engine.router import Match, Router
from gateway.errors import ConfigErrors
from gateway.workshop.draft import UndraftableError, draft, families_of
from gateway.workshop.draft_text import draft_text
from gateway.workshop.message import Heard

PROFILES = {profile.name: profile for profile in load_profiles(seeds.profile_texts())}
BOUNDS = Bounds()
START = 1_772_496_000_000_000_000
SECOND = 10**9
MOST = 40


@cache
def fleet_messages() -> dict[str, list[Heard]]:
    """What simulated devices of each kind say first."""
    router = Router(list(PROFILES.values()))
    names = list(PROFILES)
    out: dict[str, list[Heard]] = defaultdict(list)
    for message in islice(Fleet(load_city(), 3, START).messages(), 20_000):
        match = router.match(message.topic)
        assert isinstance(match, Match)
        if len(out[names[match.profile]]) < MOST:
            out[names[match.profile]].append(Heard(message.due + SECOND, message.topic, message.payload))
    return out


def drafted(heard: list[Heard], name: str = "stranger") -> str:
    family, messages = families_of(heard, BOUNDS)[0]
    return draft_text(draft(family, messages, name, "Asia/Shanghai", BOUNDS))


def filled_in(text: str, like: Profile | None = None) -> tuple[Profile, dict[str, str]]:
    """The draft with units (and scales, words) as `like` has them at the same places, else "1"; its names by those."""
    doc: dict[str, Any] = tomllib.loads(text)
    names: dict[str, str] = {}
    for name, field in doc["fields"].items():
        paths = [field["path"]] if isinstance(field["path"], str) else field["path"]
        known = [
            (n, f) for n, f in (like.fields.items() if like else ())
            if {steps(path) for path in f.path} & {steps(path) for path in paths}
        ]  # fmt: skip
        if known:
            names[known[0][0]] = name
            spec = known[0][1]
            field |= {"scale": spec.scale}
            if spec.unit:
                field["unit"] = spec.unit
            if "enum" in field:
                field["enum"] = dict(spec.enum)
        elif field.get("unit") == "TODO":
            field["unit"] = "1"
    return load_profiles({"draft": doc})[0], names


def steps(path: str) -> object:
    """A path without its quotes; a column's name as it is."""
    try:
        return parse_path(path).steps
    except ValueError:
        return path


def readings(profile: Profile, heard: list[Heard], names: dict[str, str]) -> set[tuple[str, int, float | None]]:
    """(quantity by the name in `names`' keys, time, value) of all messages."""
    decoded = compile_profile(profile).decode(
        [one.payload for one in heard], [one.topic for one in heard], np.array([one.received_at for one in heard])
    )
    assert not decoded.rejected
    places = {quantity.name: k for k, quantity in enumerate(compile_profile(profile).quantities)}
    out = set()
    for row, ts in enumerate(decoded.ts.tolist()):
        for quantity, name in names.items():
            state = decoded.state[row, places[name]]
            if state in (State.PRESENT, State.MISSING):
                value = float(f"{decoded.value[row, places[name]]:.9g}") if state == State.PRESENT else None
                out.add((quantity, ts, value))
    return out


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_draft_of_each_built_in_kind_reads_what_its_profile_reads(name: str) -> None:
    heard = fleet_messages().get(name)
    if not heard:
        pytest.skip("no simulated device speaks so")
    try:
        text = drafted(heard, name)
    except UndraftableError as error:
        pytest.skip(f"no draft of this format: {error}")
    profile, names = filled_in(text, PROFILES[name])

    if name == "noise-logger":  # its columns have no names on the wire
        names = {"leq": "column_2", "lmax": "column_3"}
    found = readings(profile, heard, names)

    expected = readings(PROFILES[name], heard, {quantity: quantity for quantity in names})
    assert names
    assert found == expected


@pytest.mark.parametrize("name", ["tts-v3", "water-pressure", "weather-station", "noise-logger", "fiware-json"])
def test_the_order_of_messages_changes_nothing(name: str, rng: np.random.Generator) -> None:
    heard = fleet_messages()[name]
    shuffled = [heard[k] for k in rng.permutation(len(heard))]

    assert drafted(shuffled) == drafted(heard)


def test_a_unit_that_is_left_to_fill_in_is_refused_by_the_fields_name() -> None:
    text = drafted([Heard(START, "plant/n-1/log", b'{"a":1.5,"level":{"b":2}}')])

    with pytest.raises(ConfigErrors) as caught:
        load_profiles({"stranger": text})

    assert [problem.key for problem in caught.value.problems] == ["fields.a.unit", "fields.level_b.unit"]
    assert "left to fill in" in caught.value.problems[0].what


def test_a_zone_that_nobody_knows_is_refused_too() -> None:
    heard = [Heard(None, "plant/n-1/log", b'{"time":"2026-03-01 12:00:00","a":1}')]

    with pytest.raises(ConfigErrors) as caught:
        load_profiles({"stranger": drafted(heard).replace('unit = "TODO"', 'unit = "1"')})

    assert [problem.key for problem in caught.value.problems] == ["time.zone"]


def test_local_times_get_the_citys_zone_only_where_receipts_agree() -> None:
    payload = b'{"time":"2026-03-01 20:00:00","a":1}'
    noon_utc = 1772366400 * SECOND

    assert 'zone = "Asia/Shanghai"' in drafted([Heard(noon_utc, "plant/n-1/log", payload)])
    assert "UTC+02:00" in drafted([Heard(noon_utc + 6 * 3600 * SECOND, "plant/n-1/log", payload)])


def test_no_secret_is_in_a_draft() -> None:
    body = json.dumps({"login": {"mqttPassword": "hunter2", "api_key": "k-12345"}, "t": 21.5}).encode()
    heard = [Heard(START, f"json/4jggokgpepnvsb2uv4s40d59ov/lamp-{k}/attrs", body) for k in range(3)]

    text = drafted(heard)

    assert not [secret for secret in ("hunter2", "k-12345", "4jggokgpepnvsb2uv4s40d59ov") if secret in text]
    profile, _ = filled_in(text)
    assert set(profile.redact.paths) == {"login.mqttPassword", "login.api_key"}
    assert profile.redact.variables == ("apikey",)


def test_a_value_of_some_messages_is_not_required_and_words_become_states() -> None:
    start = START // SECOND
    heard = [
        Heard(START + k * 60 * SECOND, "a/d-1/up", json.dumps(
            {"ts": start + 60 * k, "n": 7 + k, "door": ["closed", "open"][k % 2]} | ({"x": k} if k % 3 else {})
        ).encode()) for k in range(12)
    ]  # fmt: skip

    profile, _ = filled_in(drafted(heard))

    assert profile.fields["x"].required is False
    assert profile.fields["door"].enum == {"closed": 0, "open": 1}
    assert profile.sequence is not None
    assert profile.sequence.path == "n"
    assert profile.time is not None
    assert (profile.time.path, profile.time.format) == (("ts",), "unix_s")
    assert profile.interval_secs == 60


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"<a><b>1</b></a>", "^no codec reads XML"),
        (b"\xff\xfe\x00\x01", "neither text nor SenML"),
        (b"", "empty"),
        (b'{"a":', "begins like JSON"),
        (b'{"a":"only a name"}', "nothing but texts"),
        (b"[" * 200 + b"]" * 200, "nests"),
        (b"{}", "no value"),
    ],
)
def test_what_no_profile_can_be_made_of_is_said(payload: bytes, why: str) -> None:
    with pytest.raises(UndraftableError, match=why):
        drafted([Heard(START, "a/d-1/up", payload)])


def test_sparkplug_is_named_and_not_drafted() -> None:
    with pytest.raises(UndraftableError, match="Sparkplug B"):
        drafted([Heard(START, "spBv1.0/pumps/DDATA/n1/p1", b"{}")])


def test_hostile_messages_give_a_draft_that_loads_or_a_reason() -> None:
    rnd = random.Random(11)
    texts = [
        "\x1b[2J",
        "a\nb",
        '"]',
        "}{",
        "\ud800",
        "日本",
        "",
        "#",
        "x" * 3000,
        "'",
        "\\",
        "\x7f",
        "^",
        "$",
        "@",
        "a.b",
        "[0]",
    ]

    def value(depth: int) -> Any:
        kind = rnd.randrange(8 if depth < 4 else 5)
        if kind < 2:
            return rnd.choice(
                [0, -1, 1e308, 10**400 if rnd.random() < 0.1 else 7, 1772366400, 1772366400123, True, None]
            )
        if kind < 5:
            return rnd.choice([*texts, "12", "21.5", "2026-03-01T12:00:00Z", "on"])
        if kind == 5:
            return [value(depth + 1) for _ in range(rnd.randrange(4))]
        return {
            rnd.choice([*texts, "ts", "value", "time", "id", "t", "password"]): value(depth + 1)
            for _ in range(rnd.randrange(5))
        }

    loaded = 0
    for _ in range(300):
        documents = [json.dumps(value(0)).encode() for _ in range(rnd.randrange(1, 4))]
        topics = [
            "/".join(rnd.choice([*texts[:2], "{x}", "a", "n-1", "", "city"]) for _ in range(rnd.randrange(1, 5)))
            for _ in documents
        ]
        heard = [Heard(START, topic, document) for topic, document in zip(topics, documents, strict=True)]
        try:
            text = drafted(heard)
        except UndraftableError:
            continue
        assert not [sign for sign in text if sign < " " and sign != "\n"]
        text.encode()
        filled_in(text.replace('zone = "TODO"', 'zone = "UTC"'))
        loaded += 1
    assert loaded > 30
