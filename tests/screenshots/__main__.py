"""Renders the README's pictures from the demo: `make screenshots`. Needs chromium and chromedriver.

examples:
  python -m tests.screenshots
  python -m tests.screenshots --only city --only alarms
  python -m tests.screenshots --speed 30 --out /tmp/pictures        on a fast machine
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.screenshots.scenes import MOST_BYTES, PICTURES, SCENES, Scene
from tests.screenshots.studio import TAKEN_AT, picture_of, running_demo, sign_in
from tests.support.browser import chromium

__all__ = ["main"]

_PATIENCE_SECS = 3600.0
_LEAD_MINUTES = 155
"""From the scenario's beginning."""
_NAMES = [scene.name for scene in SCENES]


def main(arguments: list[str]) -> int:
    """The command; returns its exit code: 0 all are taken, 1 one is too large, 2 it can't be done here."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.screenshots", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=PICTURES, help="the folder that they go into")
    parser.add_argument("--only", action="append", choices=_NAMES, metavar="NAME", help=f"one of {', '.join(_NAMES)}")
    parser.add_argument("--speed", type=float, default=15.0, help="city seconds a second (default 15)")
    given = parser.parse_args(arguments)
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if lacking:
        _say(f"error: there is no {' and no '.join(lacking)} here. On Debian: apt-get install chromium chromium-driver")
        return 2
    scenes = [scene for scene in SCENES if not given.only or scene.name in given.only]
    try:
        large = _take(scenes, given.out, given.speed)
    except AssertionError as error:  # something did not come in time
        _say(f"error: {str(error).partition('; the page')[0]}")
        _say("On a machine that is busy take a lower --speed: the simulators may have fallen behind.")
        return 1
    return 1 if large else 0


def _take(scenes: Sequence[Scene], out: Path, speed: float) -> int:
    """Gives how many are too large. Raises AssertionError where one has nothing to show."""
    large = 0
    with tempfile.TemporaryDirectory(prefix="cityloom-") as name:
        folder = Path(name)
        with running_demo(folder, speed) as city, chromium(folder) as browser:
            _say(f"waiting until it is {TAKEN_AT} in the city: about {_LEAD_MINUTES * 60 / speed:.0f} s")
            city.wait(_PATIENCE_SECS)
            city.live_in()
            names = city.names()
            sign_in(browser, city)
            out.mkdir(parents=True, exist_ok=True)
            for scene in scenes:
                png = picture_of(browser, scene, city.port, names)
                (out / f"{scene.name}.png").write_bytes(png)
                over = len(png) > MOST_BYTES
                large += over
                _say(f"{out / scene.name}.png  {len(png):,} bytes{' (too large)' if over else ''}")
    return large


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
