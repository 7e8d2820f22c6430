"""What live topics and notifications must agree with, and rules of [notify] by themselves."""

from pathlib import Path
from typing import Any

import pytest

from gateway.config.delivery_checks import delivery_problems
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.errors import ConfigErrors

HOOK = {"name": "duty", "url": "https://duty.example/key-4711", "secret": "s3cret-4711"}
ROUTE = {"name": "gas", "channels": ["duty"]}


def problems(**sections: Any) -> list[tuple[str, str]]:
    settings = load_settings(None, sections)
    files = load_seed_files(settings)
    zones = [zone.id for zone in files.city.zones]
    found = delivery_problems(settings, files.profiles, zones, [each.name for each in files.conditions])
    return [(key, problem) for key, problem, _ in found]


def test_topics_among_those_of_devices_are_found() -> None:
    assert problems(live={"mqtt": {"enabled": True}}) == []
    ours = {"enabled": True, "topic": "city/tianhe/gas/detector"}
    assert [key for key, _ in problems(live={"mqtt": ours})] == ["live.mqtt.topic"]
    assert problems(live={"mqtt": ours | {"enabled": False}}) == []
    board = {"topics": [{"name": "board", "topic": "city/tianhe/gas/detector/x/reading"}]}
    assert [key for key, _ in problems(notify=board)] == ["notify.topics[0].topic"]


def test_names_that_nothing_bears_are_found() -> None:
    notify = {
        "webhooks": [HOOK],
        "routes": [ROUTE | {"zones": ["tianhe", "atlantis"], "conditions": ["gas.lel", "gas.none"]}],
        "calibrations": [{"profile": "gas", "every_days": 365, "channels": ["duty"]}],
    }  # fmt: skip
    assert problems(notify=notify) == [
        ("notify.routes[0].zones", "'atlantis' is no zone of the city"),
        ("notify.routes[0].conditions", "'gas.none' is no condition"),
        ("notify.calibrations[0].profile", "'gas' is no profile"),
    ]


@pytest.mark.parametrize(
    ("notify", "key"),
    [
        ({"routes": [ROUTE]}, "notify.routes[0].channels"),
        ({"webhooks": [HOOK], "routes": [ROUTE | {"escalate": ["chief"]}]}, "notify.routes[0].escalate"),
        ({"webhooks": [HOOK, HOOK]}, "notify.webhooks[1].name"),
        ({"webhooks": [HOOK], "topics": [{"name": "duty"}]}, "notify.topics[0].name"),
        ({"webhooks": [HOOK], "routes": [ROUTE, ROUTE]}, "notify.routes[1].name"),
        ({"webhooks": [{"name": "duty", "url": HOOK["url"]}]}, "notify.webhooks[0].secret"),
        ({"webhooks": [{"name": "duty", "secret": "x"}]}, "notify.webhooks[0].url"),
        ({"webhooks": [HOOK | {"url": "ftp://duty.example"}]}, "notify.webhooks[0].url"),
        ({"quiet": {"enabled": True, "start": "07:00", "end": "07:00"}}, "notify.quiet.end"),
        ({"quiet": {"start": "22:00+08:00"}}, "notify.quiet.start"),
        ({"emails": [{"name": "m", "host": "h", "sender": "a@b", "to": ["c@d"], "username": "u"}]},
         "notify.emails[0].password"),
        ({"emails": [{"name": "m", "host": "h", "sender": "a@b", "to": ["c@d"], "username": "u", "password": "p",
                      "security": "none"}]}, "notify.emails[0].security"),
        ({"emails": [{"name": "m", "host": "h", "sender": "a@b", "to": ["c@d\nBcc: x@y"]}]}, "notify.emails[0].to[0]"),
        ({"topics": [{"name": "t", "topic": "a/+/b"}]}, "notify.topics[0].topic"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_by_its_key(notify: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigErrors) as error:
        load_settings(None, {"notify": notify})
    assert key in {problem.key for problem in error.value.problems}
    assert "4711" not in str(error.value)


def test_secrets_of_channels_are_known_for_masking_and_shown_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("https://from-a-file.example\n", encoding="utf-8")
    hook = {"name": "other", "url_file": str(file), "secret": "x-y-z"}
    settings = load_settings(None, {"notify": {"webhooks": [HOOK, hook]}})

    assert {HOOK["url"], HOOK["secret"], "https://from-a-file.example", "x-y-z"} <= settings.secrets()
    assert "4711" not in repr(settings)
    assert "from-a-file" not in repr(settings)
