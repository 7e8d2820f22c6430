"""TOML as text: read into tables, and values as they are written in it."""

import tomllib
from datetime import time
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError, ConfigErrors

__all__ = ["read_toml", "toml_value"]


def read_toml(text: str, file: str) -> dict[str, Any]:
    """The tables of a file. Raises ConfigErrors with the one problem that it is not TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        problem = "lists or tables nest too deep"
    except ValueError as error:
        # beside its own error the parser lets those of numbers through
        problem = str(error)
    raise ConfigErrors([ConfigError(file, "", f"is not TOML: {problem}", "Correct the line that it names.")])


def toml_value(value: Any) -> str:
    """`value` as TOML; None, which TOML doesn't have, as empty text. Whole floats lose their point: 30, not 30.0."""
    match value:
        case None:
            return '""'
        case bool():
            return str(value).lower()
        case int():
            return f"{value:_}" if value >= 10_000 else str(value)
        case float():
            return toml_value(int(value)) if value.is_integer() else repr(value)
        case list() | tuple():
            return f"[{', '.join(toml_value(part) for part in value)}]"
        case time():
            return f'"{value:%H:%M}"'
        case str() | Path():
            escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
    raise TypeError(f"{type(value).__name__} is not written in a configuration")
