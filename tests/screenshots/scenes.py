"""Which pictures the README shows: of which page, in which language and light, and when there is something to see.

A page is ready when each of its selectors finds as many elements as asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["MOST_BYTES", "PICTURES", "SCENARIO", "SCENES", "SIZE", "Scene"]

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
SCENARIO = Path(__file__).with_name("evening.toml")
"""What goes wrong meanwhile."""
SIZE = (1440, 900)
"""CSS pixels."""
MOST_BYTES = 250_000
"""Of a picture."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture."""

    name: str
    path: str
    """The page; {incident} is the one with most parts."""
    ready: Mapping[str, int] = field(default_factory=dict)
    """CSS selector -> how many there are at least that say something."""
    click: str = ""
    """What is clicked first; "": nothing."""
    language: str = "en"
    theme: str = "light"


SCENES = (
    Scene("city", "/", {".map .asset": 50, ".strip .figure .value": 10}),
    Scene(
        "city-dark",
        "/",
        {".map .asset": 50, ".strip .figure .value": 10},
        language="zh",
        theme="dark",
    ),
    Scene("alarms", "/alarms", {"table.alarms tbody tr": 5}),
    Scene("incident", "/incidents?id={incident}", {".bar-row .bar-span": 2, ".map .asset": 5}),
    Scene(
        "device",
        "/asset?id=press-0018",
        {".echart canvas, .echart svg": 1, ".latest .num": 1},
        "button[data-act='span'][data-key='3600']",
    ),
    Scene("flow", "/flow", {".flow .stage": 4, ".arrow .rate": 2}),
)
