"""Topics, filters and templates as the standard and the manual say them, in slow and plain code of its own.

MQTT 5, 4.7: levels are parted by `/` and may be empty; `+` is one level, `#` the rest and its parent, last and alone;
neither takes a first level that begins with `$`; a topic has no wildcard and no NUL, and is not empty.
A template's level is text, or text around one `{name}` that is not empty; `{name...}` is one or more levels.
"""

from itertools import product

__all__ = ["UNIVERSE", "WORDS", "filter_takes", "filter_valid", "template_takes"]

WORDS = ("a", "b", "ab", "$s", "")
UNIVERSE = [t for n in (1, 2, 3) for t in map("/".join, product(WORDS, repeat=n)) if t]
"""Every topic of up to three of these levels."""


def filter_valid(text: str) -> bool:
    """Whether a text is a filter."""
    if text.startswith("$share/"):
        parts = text.split("/", 2)
        return len(parts) == 3 and parts[1] != "" and not set("+#") & set(parts[1]) and filter_valid(parts[2])
    levels = text.split("/")
    for place, level in enumerate(levels):
        if "#" in level and (level != "#" or place != len(levels) - 1):
            return False
        if "+" in level and level != "+":
            return False
    return bool(text) and "\0" not in text and len(text.encode("utf-8", "surrogatepass")) < 65536


def filter_takes(text: str, topic: str) -> bool:
    """Whether a valid filter takes a topic."""
    if text.startswith("$share/"):
        text = text.split("/", 2)[2]
    wanted, levels = text.split("/"), topic.split("/")
    if levels[0].startswith("$") and wanted[0] in ("+", "#"):
        return False

    def takes(i: int, j: int) -> bool:
        if i == len(wanted):
            return j == len(levels)
        if wanted[i] == "#":
            return True
        return j < len(levels) and wanted[i] in ("+", levels[j]) and takes(i + 1, j + 1)

    return takes(0, 0)


def template_takes(text: str, topic: str) -> dict[str, str] | None:
    """The variables of a topic that fits a valid template; None: it doesn't."""
    wanted, levels = text.split("/"), topic.split("/")
    if levels[0].startswith("$") and wanted[0].startswith("{"):
        return None

    def takes(i: int, j: int) -> dict[str, str] | None:
        if i == len(wanted):
            return {} if j == len(levels) else None
        level = wanted[i]
        if level.endswith("...}"):
            for end in range(j + 1, len(levels) + 1):
                rest = takes(i + 1, end)
                if rest is not None and all(levels[j:end]):
                    return {level[1:-4]: "/".join(levels[j:end]), **rest}
            return None
        if j == len(levels):
            return None
        here: dict[str, str] = {}
        if "{" in level:
            before, _, other = level.partition("{")
            name, _, after = other.partition("}")
            inner = len(levels[j]) - len(before) - len(after)
            if inner < 1 or not levels[j].startswith(before) or not levels[j].endswith(after):
                return None
            here[name] = levels[j][len(before) : len(before) + inner]
        elif level != levels[j]:
            return None
        rest = takes(i + 1, j + 1)
        return None if rest is None else here | rest

    return takes(0, 0)
