"""How delimited text is written: what parts its values, whether names come with it, whether decimals have a comma."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from gateway.config.profile_model import CsvSpec

__all__ = ["guess_csv"]

_DELIMITERS = (";", "\t", ",", " ")
_PAIR = re.compile(r"\s*[A-Za-z_][\w .-]*?\s*([=:])\s*([^=:]*|[^=]*)")
_NAME = re.compile(r"[A-Za-z_][\w .()/%°-]*")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")


def guess_csv(texts: Sequence[str]) -> CsvSpec | None:
    """The spec that most of the texts fit, or None: they are no delimited text."""
    rows = [line for text in texts for line in text.splitlines() if line.strip()]
    if not rows:
        return None
    for delimiter in _DELIMITERS:
        widths = Counter(len(_cells(row, delimiter)) for row in rows)
        width, count = widths.most_common(1)[0]
        if width < 2 or count < 0.8 * len(rows):
            continue
        signs = Counter(_pairs_sign(row, delimiter) for row in rows)
        sign, _ = signs.most_common(1)[0]
        if sign:
            return CsvSpec(delimiter=delimiter, pairs=sign, decimal=_decimal(rows, delimiter))
        header = all(_is_header(text.strip().splitlines()[0], delimiter) for text in texts if text.strip())
        body = [cell for row in rows[1 if header else 0 :] for cell in _cells(row, delimiter)]
        if not any(_NUMBER.fullmatch(cell) for cell in body):
            continue  # a sentence has blanks and commas too
        found = CsvSpec(delimiter=delimiter, header=header, decimal=_decimal(rows, delimiter))
        return found if header else _named(found, [_cells(row, delimiter) for row in rows], width)
    return None


def _named(spec: CsvSpec, rows: Sequence[Sequence[str]], width: int) -> CsvSpec:
    """Names for columns that have none; a date and a clock beside each other are one time."""
    first = next(row for row in rows if len(row) == width)
    for k in range(width - 1):
        if _DATE.fullmatch(first[k]) and _CLOCK.fullmatch(first[k + 1]):
            columns = tuple("date" if n == k else "clock" if n == k + 1 else f"column_{n}" for n in range(width))
            return spec.model_copy(update={"columns": columns, "joined": {"at": ("date", "clock")}})
    return spec


def _cells(row: str, delimiter: str) -> list[str]:
    cells = row.split() if delimiter == " " else row.split(delimiter)
    return [cell.strip().strip('"') for cell in cells]


def _pairs_sign(row: str, delimiter: str) -> str:
    cells = [cell for cell in row.split(delimiter) if cell.strip()]
    found = [_PAIR.fullmatch(cell) for cell in cells]
    signs = {one[1] for one in found if one is not None}
    return signs.pop() if len(signs) == 1 and all(found) else ""


def _is_header(row: str, delimiter: str) -> bool:
    cells = _cells(row, delimiter)
    return len(set(cells)) == len(cells) and all(_NAME.fullmatch(cell) for cell in cells)


def _decimal(rows: Sequence[str], delimiter: str) -> Literal[".", ","]:
    if delimiter == ",":
        return "."
    cells = [cell for row in rows for cell in re.split(rf"[{re.escape(delimiter)}=:]", row)]
    return "," if any(_DECIMAL_COMMA.fullmatch(cell.strip()) for cell in cells) else "."
