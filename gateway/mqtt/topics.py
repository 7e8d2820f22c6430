"""Does a topic match a topic filter? (MQTT 5, section 4.7)"""

__all__ = ["matches"]


def matches(pattern: str, topic: str) -> bool:
    """`+` is one level, `#` the rest and its parent; wildcards never match a first level that begins with `$`."""
    if pattern.startswith("$share/"):
        pattern = pattern.split("/", 2)[2]
    wanted, levels = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index == len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)
