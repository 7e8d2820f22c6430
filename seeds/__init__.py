"""The city as data: zones and assets, devices, profiles, and recordings of real days.

Everything is read through `importlib.resources`, so an installed wheel runs alone. README.md has the formats.
"""

from importlib.resources import files

__all__ = ["city_text", "condition_texts", "devices_text", "incidents_text", "profile_texts", "recording"]


def city_text() -> str:
    """The TOML text of the city: time zone, zones and assets."""
    return _root("city.toml").decode()


def condition_texts() -> dict[str, str]:
    """TOML text of what is judged, by domain (the file's stem), in order of name."""
    return _texts("conditions")


def devices_text() -> str:
    """The CSV text of the devices, one a line below the header."""
    return _root("devices.csv").decode()


def incidents_text() -> str:
    """The TOML text of citizens' reports and of what may be the cause of what."""
    return _root("incidents.toml").decode()


def profile_texts() -> dict[str, str]:
    """TOML text of each built-in profile, by name (the file's stem), in order of name."""
    return _texts("profiles")


def recording(name: str) -> bytes:
    """Content of the recording `name`, such as `guangzhou_speed.csv`. Raises FileNotFoundError where there is none."""
    return _root("recordings", name)


def _texts(folder: str) -> dict[str, str]:
    found = (files("seeds") / folder).iterdir()
    texts = {entry.name.removesuffix(".toml"): entry for entry in found if entry.name.endswith(".toml")}
    return {name: texts[name].read_text(encoding="utf-8") for name in sorted(texts)}


def _root(*path: str) -> bytes:
    return files("seeds").joinpath(*path).read_bytes()
