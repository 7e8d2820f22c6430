"""sample.toml, made from the models: `python -m gateway.config.sample` writes it anew; a test compares them.

`##` lines explain, `# key = default` lines are options at their defaults. `#  ` (two spaces) marks an example: a table
of which there is none by default.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gateway.config.problems import model_in
from gateway.config.sections import SourceSettings
from gateway.config.settings import Settings
from gateway.config.toml_text import toml_value

__all__ = ["SAMPLE", "render_sample"]

SAMPLE = Path(__file__).with_name("sample.toml")

_HEAD = """\
## Every option of CityLoom. What is commented out is the default: uncomment what you change, or write only that.
##
## Any option can come from the environment: CITYLOOM_MQTT__HOST=broker.example is `host` of [mqtt]; lists are JSON.
## Secrets can come from files: `password_file`, `token_file`, or a folder `secrets_dir` with a file each.
## What is given twice: command line, then environment, then `secrets_dir`, then this file.
## Tables in double brackets can be given several times; what stands in them here is an example.
## Paths start at the working directory. Empty text means: not given. `cityloom check -c FILE` says what is wrong.
"""
_EXAMPLE = "#  "
"""In front of tables of which there are none by default: what is shown is an example."""
_SOURCES = """\
## Several connections at once, each a table of its own. Each takes every option of [mqtt] from there unless it says
## otherwise, and needs `filters` of its own when there is more than one. Its client id is then <client_id>-<name>.
## (Several connections that share the same filters are one source with `connections`.)
# [[sources]]"""


def render_sample() -> str:
    """The text of sample.toml."""
    return "\n".join([_HEAD, *_section(Settings, "")]).rstrip("\n") + "\n"


def _section(model: type[BaseModel], path: str) -> Iterator[str]:
    inner = {name: model_in(field.annotation) for name, field in model.model_fields.items()}
    for name, field in model.model_fields.items():
        if inner[name] is None:
            yield from _option(name, field)
    for name, section in inner.items():
        if section is SourceSettings:
            yield from ("", _SOURCES)
            for option in ("name", "filters"):
                yield from _option(option, SourceSettings.model_fields[option])
        elif section is not None and get_origin(model.model_fields[name].annotation) is tuple:
            yield from ("", f"## {_summary(section)} A table each.", f"{_EXAMPLE}[[{path}{name}]]")
            for option, one in section.model_fields.items():
                yield from _option(option, one, _EXAMPLE)
        elif section is not None:
            yield from ("", f"## {_summary(section)}", f"[{path}{name}]")
            yield from _section(section, f"{path}{name}.")


def _summary(section: type[BaseModel]) -> str:
    return (section.__doc__ or "").strip().split("\n", 1)[0]


def _option(name: str, field: FieldInfo, mark: str = "# ") -> Iterator[str]:
    shown = field.examples[0] if mark == _EXAMPLE and field.examples else field.get_default()
    yield f"## {' '.join((field.description or '').split())}"
    yield f"{mark}{name} = {toml_value(shown)}"


if __name__ == "__main__":
    SAMPLE.write_text(render_sample(), encoding="utf-8")
