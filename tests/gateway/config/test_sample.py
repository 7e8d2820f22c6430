"""sample.toml is the manual: it must say what the code does."""

import re
import tomllib
from pathlib import Path

from gateway.config.load import load_settings
from gateway.config.problems import option_keys
from gateway.config.sample import SAMPLE, render_sample
from gateway.config.settings import Settings

_OPTION = re.compile(r"^# (?=\[\[|[a-z_]+ = )", re.MULTILINE)


def _uncommented() -> str:
    return _OPTION.sub("", SAMPLE.read_text(encoding="utf-8"))


def test_the_sample_is_what_the_models_say() -> None:
    assert SAMPLE.read_text(encoding="utf-8") == render_sample(), "run `python -m gateway.config.sample`"


def test_every_option_is_in_the_sample() -> None:
    written = tomllib.loads(_uncommented())

    def keys(table: dict[str, object], prefix: str = "") -> set[str]:
        out = set()
        for name, value in table.items():
            out |= keys(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
        return out

    # a source has every option of [mqtt]; the sample shows its own two
    examples = tuple(f"{name}." for name in _tables())
    options = {key for key in option_keys(Settings) if not key.startswith(("sources.", *examples))}
    assert keys(written) == options | {"sources"}
    assert set(written["sources"][0]) == {"name", "filters"}


def _tables() -> set[str]:
    """Tables that the sample shows by example."""
    return set(re.findall(r"^#  \[\[(.+)\]\]$", SAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_examples_have_every_option_of_their_tables_and_are_right(tmp_path: Path) -> None:
    file = tmp_path / "examples.toml"
    text = re.sub(r"^#  ", "", SAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")

    notify = tomllib.loads(text)["notify"]

    assert {f"notify.{name}" for name in notify if name != "quiet"} == _tables()
    for table in _tables():
        (shown,) = notify[table.removeprefix("notify.")]
        assert {f"{table}.{key}" for key in shown} == {k for k in option_keys(Settings) if k.startswith(f"{table}.")}
    loaded = load_settings(file).notify
    assert loaded.enabled
    assert loaded.channel_names == ("duty", "mail", "board")
    assert not load_settings(None).notify.enabled


def test_the_sample_uncommented_gives_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "all.toml"
    file.write_text(_uncommented(), encoding="utf-8")

    assert load_settings(file).model_dump() == load_settings(None).model_dump()


def test_the_sample_as_it_is_changes_nothing() -> None:
    assert load_settings(SAMPLE).model_dump() == load_settings(None).model_dump()


def test_every_option_has_a_sentence() -> None:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    options = [k for k, line in enumerate(lines) if _OPTION.match(line) and "[[" not in line]

    assert len(options) > 60
    for k in options:
        assert re.match(r"## .+\.$", lines[k - 1]), lines[k]
    assert max(map(len, lines)) <= 120
