"""What the README tells a newcomer to write is right."""

import os
import re
from pathlib import Path

import pytest

from gateway.config.load import load_settings

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readmes_configuration_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (snippet,) = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    for name in re.findall(r'_file = "([^"]+)"', snippet):
        (tmp_path / name).write_text("secret", encoding="utf-8")
    (tmp_path / "cityloom.toml").write_text(snippet, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CITYLOOM_")]:
        monkeypatch.delenv(name)

    settings = load_settings(Path("cityloom.toml"))

    assert settings.mqtt.host == "broker.example.org"
    assert list(settings.enabled_stores) == ["influxdb"]
