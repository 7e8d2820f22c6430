"""The deploy files agree with each other, with the profiles and with the configuration that the gateway reads."""

import re
import tomllib
from pathlib import Path

import pytest

from gateway.config.load import load_settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PROFILES = sorted((ROOT / "seeds" / "profiles").glob("*.toml"))


def _text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def _options(name: str) -> set[str]:
    """First words of the lines of a mosquitto file."""
    return {line.split()[0] for line in _text(name).splitlines() if line and not line.startswith("#")}


def _allowed(user: str, verb: str) -> list[str]:
    found, current = [], ""
    for line in _text("mosquitto/access.acl").splitlines():
        word, _, rest = line.partition(" ")
        if word == "user":
            current = rest
        elif word == "topic" and current == user and rest.split()[0] == verb:
            found.append(rest.split()[1])
    return found


def _matches(topic_filter: str, topic: str) -> bool:
    pattern = re.escape(topic_filter).replace(r"\+", "[^/]+").replace(r"/\#", "(/.*)?").replace(r"\#", ".*")
    return re.fullmatch(pattern, topic) is not None


def test_the_gateways_file_is_valid(tmp_path: Path) -> None:
    for name in re.findall(r"/run/secrets/(\w+)", _text("gateway.toml")):
        (tmp_path / name).write_text("secret", encoding="utf-8")
    placed = tmp_path / "gateway.toml"
    placed.write_text(_text("gateway.toml").replace("/run/secrets", str(tmp_path)), encoding="utf-8")

    settings = load_settings(placed)

    assert list(settings.enabled_stores) == ["influxdb"]
    assert settings.mqtt.host == "mosquitto"


def test_the_gateway_finds_every_secret_that_it_names() -> None:
    named = set(re.findall(r"/run/secrets/(\w+)", _text("gateway.toml")))
    given = re.search(r"gateway:\n.*?secrets: \[([\w, ]+)\]", _text("compose.yaml"), re.DOTALL)
    assert given is not None
    assert named == set(given.group(1).split(", "))


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", _text("compose.yaml")))
    assert used == dict(re.findall(r"^(\w+)=(.*)$", _text(".env.example"), re.MULTILINE))


def test_every_setting_of_the_broker_has_its_reason_in_the_readme() -> None:
    explained = set(re.findall(r"`(\w+)`", _text("README.md")))
    assert _options("mosquitto/mosquitto.conf") - {"listener"} - explained == set()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_the_broker_lets_every_kind_of_device_through_to_the_gateway(profile: Path) -> None:
    table = tomllib.loads(profile.read_text(encoding="utf-8"))
    # an edge node speaks for its devices
    device, user = "id-1", "node" if table["codec"] == "sparkplug" else "device"
    examples = [
        re.sub(r"\{(\w+)(?:\.\.\.)?\}", lambda level: device if level[1] == user else "x", topic)
        for topic in table.get("topics", [table.get("topic")])
    ]
    own = [
        line.split()[-1].replace("%u", device) for line in _text("mosquitto/access.acl").splitlines() if "%u" in line
    ]

    writers = own + _allowed("network-server", "write") + _allowed("field-gateway", "write")
    for example in examples:
        assert any(_matches(one, example) for one in _allowed("gateway", "read"))
        assert any(_matches(one, example) for one in writers)


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        name
        for line in re.findall(r"^COPY (?!--)(.*) \S+$", _text("Dockerfile"), re.MULTILINE)
        for name in line.split()
    ]
    assert "gateway" in copied
    assert [name for name in copied if not (ROOT / name).exists() or f"!{name}" not in ignored] == []
