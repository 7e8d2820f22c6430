"""Line protocol read as InfluxDB's own parser reads it, by code of its own: what a line says, or ValueError.

A separator counts where no backslash stands before it; a backslash before a comma, a blank or an equals sign goes. Our
percent escapes are then undone. No newline can be in a line, no quote begins a value that we write.
"""

import re

__all__ = ["parse_line"]

_ESCAPED = re.compile(r"\\([,= ])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def parse_line(line: str) -> tuple[str, dict[str, str], dict[str, float | int], int]:
    """Measurement, tags, fields, timestamp. A field with an `i` is whole."""
    if not line or line[0] in "#, ":
        raise ValueError("no measurement")
    key, fields, ts = _split(line, " ")
    measurement, *tags = _split(key, ",")
    found: dict[str, float | int] = {}
    for field in _split(fields, ","):
        name, value = _split(field, "=")
        if _plain(name) in found:
            raise ValueError(f"{name} is there twice")
        found[_plain(name)] = int(value[:-1]) if value.endswith("i") else float(value)
    pairs = [_split(tag, "=") for tag in tags]
    return _plain(measurement), {_plain(name): _plain(value) for name, value in pairs}, found, int(ts)


def _split(text: str, sign: str) -> list[str]:
    parts = [""]
    for k, char in enumerate(text):
        if char == sign and (k == 0 or text[k - 1] != "\\"):
            parts.append("")
        else:
            parts[-1] += char
    if not all(parts):
        raise ValueError(f"nothing between two {sign!r}")
    return parts


def _plain(text: str) -> str:
    text = _ESCAPED.sub(r"\1", text)
    return _PERCENT.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode(), text)
