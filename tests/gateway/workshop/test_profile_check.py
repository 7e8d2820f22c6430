"""A changed profile on a gateway's recent messages: what is asked of the desk, and what comes of it."""

import base64
from typing import Any

import msgspec
import pytest

import seeds
from gateway.config.bounds import Bounds
from gateway.config.profiles import load_profiles
from gateway.config.toml_text import read_toml
from gateway.errors import Missing
from gateway.workshop.profile_check import check_profile

NOON = 1_772_366_400 * 10**9
GAS = seeds.profile_texts()["gas-detector"]
TOPIC = "city/panyu/gas/detector/gas-0001/reading"


class Desk:
    """Answers from what it is given."""

    def __init__(self, *payloads: bytes, profiles: tuple[str, ...] = ("gas-detector", "water-flow")) -> None:
        self._payloads = payloads
        self._names = profiles
        self.topics: list[str] = []

    async def ask(self, method: str, **arguments: Any) -> Any:
        """See Asks."""
        if method == "profiles_in_force":
            texts = seeds.profile_texts()
            tables = {name: read_toml(texts[name], name) for name in self._names}
            return {"profiles": tables, "bounds": msgspec.to_builtins(Bounds())}
        assert method == "recent_messages"
        self.topics = arguments["topics"]
        messages = [
            {"offset": k, "received_at": NOON + k, "topic": TOPIC, "payload": base64.b64encode(payload).decode()}
            for k, payload in enumerate(self._payloads)
        ]
        return {"messages": messages[: arguments["limit"]], "looked": 10, "since": NOON}


GOOD = b'{"ts":1772366399,"lel":25,"co":1}'


async def test_a_change_is_shown_reading_by_reading_with_the_counts() -> None:
    found = await check_profile(Desk(GOOD, GOOD, b"\xff"), GAS.replace("range = [0, 100]", "range = [0, 20]"))

    assert (found["profile"], found["replaces"], found["problems"]) == ("gas-detector", "gas-detector", [])
    assert found["summary"]["messages"] == {"same": 0, "changed": 2, "new": 0, "lost": 0, "unread": 1}
    first = found["messages"][0]
    assert first["payload"] == GOOD.decode()
    lel = first["readings"][0]
    assert (lel["quantity"], lel["change"], lel["ts"]) == ("lel", "changed", (NOON // 10**9 - 1) * 10**9)
    assert (lel["now"]["flag"], lel["then"]["flag"], lel["then"]["value"]) == ("good", "fail", 25.0)
    last = found["messages"][2]
    assert (last["change"], last["outcome"]) == ("unread", "rejected")
    assert last["troubles"][0]["reason"] == last["reason"]


async def test_topics_of_the_old_and_of_the_new_one_are_asked_for() -> None:
    desk = Desk()
    changed = GAS.replace("city/{zone}/gas/detector/{device}/reading", "new/{zone}/{device}")
    await check_profile(desk, changed)

    assert desk.topics == ["new/{zone}/{device}", "city/{zone}/gas/detector/{device}/reading"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name = ", ""), (GAS.replace('unit = "ppm"', 'unit = "furlong"', 1), "fields.co.unit"),
        (GAS.replace('"gas-detector"', '"water-flow"'), "name"), ("", "name"),
    ],
)  # fmt: skip
async def test_what_cant_be_used_is_told_by_file_key_and_remedy(text: str, key: str) -> None:
    found = await check_profile(Desk(GOOD), text, "gas-detector")

    assert found["messages"] == []
    problem = found["problems"][0]
    assert (problem["file"], problem["key"]) == ("gas-detector.toml", key)
    assert problem["problem"]
    assert problem["remedy"]


async def test_a_new_profile_is_compared_with_nothing() -> None:
    found = await check_profile(Desk(GOOD, profiles=("water-flow",)), GAS)

    assert found["replaces"] == ""
    assert found["summary"]["messages"]["new"] == 1


async def test_a_profile_may_get_another_name() -> None:
    found = await check_profile(Desk(GOOD), GAS.replace('"gas-detector"', '"gas-sensor"'), "gas-detector")

    assert (found["problems"], found["profile"], found["replaces"]) == ([], "gas-sensor", "gas-detector")
    assert found["summary"]["messages"]["same"] == 1


async def test_nobody_replaces_what_is_not_there() -> None:
    with pytest.raises(Missing):
        await check_profile(Desk(GOOD), GAS, "nothing")


async def test_of_a_message_with_many_readings_those_that_are_another_come_first() -> None:
    names = [f"f{k}" for k in range(60)]
    head = 'name = "many"\ntopic = "m/{device}"\ninterval_secs = 60\n[identity]\ntopic = "{device}"\n'
    fields = [f'[fields.{name}]\npath = "{name}"\nunit = "m"\n' for name in names]
    old = "".join([head, '[time]\nformat = "receipt"\n', *fields])
    changed = old.replace('path = "f59"\nunit = "m"', 'path = "f59"\nunit = "km"')
    assert load_profiles({"many": old})
    desk = Desk()

    async def ask(method: str, **_: Any) -> Any:
        if method == "profiles_in_force":
            return {"profiles": {"many": read_toml(old, "many")}, "bounds": msgspec.to_builtins(Bounds())}
        payload = msgspec.json.encode(dict.fromkeys(names, 1.0))
        message = {"offset": 1, "received_at": NOON, "topic": "m/1", "payload": base64.b64encode(payload).decode()}
        return {"messages": [message], "looked": 1, "since": NOON}

    desk.ask = ask  # type: ignore[method-assign]
    (message,) = (await check_profile(desk, changed))["messages"]
    assert (len(message["readings"]), message["readings_in_all"]) == (50, 60)
    assert (message["readings"][0]["quantity"], message["readings"][0]["then"]["value"]) == ("f59", 1000.0)
