"""Values as they are written in TOML."""

from datetime import time
from pathlib import Path
from typing import Any

__all__ = ["toml_value"]


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
