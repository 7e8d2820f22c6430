"""Payloads without a tree, as devices write them: delimited text, UltraLight, line protocol.

Written from the formats' own documents, sharing nothing with the gateway's decoders:
RFC 4180 for quotes; telefonicaid/iotagent-ul, user manual; docs.influxdata.com, "Line protocol" (InfluxDB v2).
"""

from collections.abc import Mapping, Sequence

__all__ = ["UInt", "csv_line", "csv_pairs", "influx_line", "number", "ultralight"]

Value = float | bool | str


class UInt(int):
    """A whole number that line protocol writes as unsigned."""


def number(value: float | None, decimals: int, point: str = ".") -> str:
    """A number with so many decimals; nothing where there is none."""
    return "" if value is None else f"{value:.{decimals}f}".replace(".", point)


def csv_line(cells: Sequence[str], delimiter: str = ",", quote: str = '"') -> str:
    """A line of delimited text without its end; what holds a delimiter or a quote is quoted."""
    return delimiter.join(_cell(cell, delimiter, quote) for cell in cells)


def csv_pairs(values: Mapping[str, str], sign: str = "=", delimiter: str = ";") -> str:
    """`k=v;k=v;`, as loggers and data terminals write it."""
    return "".join(f"{name}{sign}{value}{delimiter}" for name, value in values.items())


def ultralight(groups: Sequence[tuple[str, Mapping[str, str]]]) -> bytes:
    """Groups of (time or "", attributes)."""
    told = []
    for time, attributes in groups:
        pairs = "|".join(f"{name}|{value}" for name, value in attributes.items())
        told.append(f"{time}|{pairs}" if time else pairs)
    return "#".join(told).encode()


def influx_line(measurement: str, tags: Mapping[str, str], fields: Mapping[str, Value], ts: int | None) -> str:
    """A line without its end; `ts` in whatever precision, None: the receiver's time counts."""
    head = "".join(f",{_escaped(name)}={_escaped(value)}" for name, value in tags.items())
    body = ",".join(f"{_escaped(name)}={_influx_value(value)}" for name, value in fields.items())
    name = measurement.replace(",", "\\,").replace(" ", "\\ ")
    return f"{name}{head} {body}" + ("" if ts is None else f" {ts}")


def _cell(cell: str, delimiter: str, quote: str) -> str:
    if not any(sign in cell for sign in (delimiter, quote)):
        return cell
    return quote + cell.replace(quote, 2 * quote) + quote


def _escaped(name: str) -> str:
    return name.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def _influx_value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int):
        return f"{int(value)}u" if isinstance(value, UInt) else f"{value}i"
    return repr(value)
