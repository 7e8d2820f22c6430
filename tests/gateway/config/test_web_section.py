"""The section [web]: what fits together, what waits for a restart, and how settings reach the child."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from gateway.config.live_options import in_force, leaves
from gateway.config.load import load_settings
from gateway.config.onfile import problems_on_disk
from gateway.runtime.web_process import child_settings, plain_settings
from tests.gateway.config.conftest import Problems


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('[web]\ncert_file = "c"', {"web.key_file"}),
        ('[web]\nkey_file = "k"', {"web.cert_file"}),
        ("[web]\nport = 8480", {"web.port"}),
        ("[http]\nport = 8481", {"web.port"}),
        ("[web]\nmax_points = 999", {"web.max_points"}),
        ("[web]\nmax_queries = 0\nlive_interval_ms = 5", {"web.max_queries", "web.live_interval_ms"}),
        ("[web]\nhots = 'x'", {"web.hots"}),
    ],
)
def test_what_does_not_fit_is_said_with_its_key(problems: Problems, text: str, keys: set[str]) -> None:
    found = problems(text)
    assert set(found) == keys
    assert all(problem.remedy for problem in found.values())


@pytest.mark.parametrize(
    "web",
    [
        {"cert_file": "c", "key_file": "k"}, {"enabled": False, "port": 8480}, {"tile_url": ""},
        {"host": "192.0.2.7", "port": 8480},
    ],
)  # fmt: skip
def test_what_fits_is_taken(web: dict[str, Any]) -> None:
    assert load_settings(None, {"web": web}).web.model_dump(include=set(web)).keys() == web.keys()


def test_one_port_is_no_trouble_where_it_is_any_free_one_or_on_another_address() -> None:
    load_settings(None, {"web": {"port": 0}, "http": {"port": 0}})
    with pytest.raises(Exception, match="the port of"):
        load_settings(None, {"web": {"host": "0.0.0.0", "port": 8480}})


def test_certificates_have_to_be_readable(tmp_path: Path) -> None:
    settings = load_settings(None, {
        "data_dir": tmp_path / "d", "web": {"cert_file": tmp_path / "no.pem", "key_file": tmp_path / "no.key"},
    })  # fmt: skip
    assert {"web.cert_file", "web.key_file"} <= {problem.key for problem in problems_on_disk(settings, "f")}


def test_all_of_it_waits_for_a_restart() -> None:
    running = load_settings(None, {})
    after, kept = in_force(running, load_settings(None, {"web": {"max_series": 7, "port": 1}}))
    assert set(kept) == {"web.max_series", "web.port"}
    assert after.web == running.web


def test_settings_reach_the_child_whole_and_with_their_secrets(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a secret")
    file = tmp_path / "c.toml"
    file.write_text(
        '[mqtt]\nusername = "u"\npassword = "p\\" \\u5929"\n[stores.influxdb]\nenabled = true\n'
        f'token_file = "{token}"\n[[sources]]\nname = "a"\nfilters = ["a/#"]\n[web]\ncert_file = "c"\nkey_file = "k"\n'
        '[clock]\nkind = "scaled"\norigin = 2026-03-02T06:00:00Z\nstart = 2026-03-02T06:00:00Z\nspeed = 60\n'
    )
    settings = load_settings(file, {"data_dir": tmp_path / "data"})
    line = msgspec.json.encode(plain_settings(settings))
    assert b"\n" not in line, "it is one line"
    found = child_settings(line)
    assert dict(leaves(found)) == dict(leaves(settings))
    assert isinstance(found.mqtt.password, SecretStr)
    assert found.secrets() == settings.secrets()
