"""Looks for inputs that break a promise. Fuzzing needs atheris (pip install 'atheris>=3,<4'); the rest does not.

examples:
  python -m tests.fuzz --list
  python -m tests.fuzz json_codec --minutes 5
  python -m tests.fuzz json_codec --replay FILE
  python -m tests.fuzz json_codec --shrink FILE
  python -m tests.fuzz json_codec --merge        what was found into the stored corpus, as few and small as will do
"""

import argparse
import sys
import traceback
from pathlib import Path

from tests.fuzz.catalogue import CORPUS, NAMES, corpus_of, name_of, subject
from tests.fuzz.coverage import fewest
from tests.fuzz.limits import within_limits
from tests.fuzz.session import WORK, NoFuzzer, fuzz
from tests.fuzz.shrink import shrunk

__all__ = ["main"]

MOST_BYTES = 28_000
"""Of a target's stored corpus: all of them stay below half a megabyte."""
LONGEST = 1_200
"""Bytes of an input that is stored."""


def main(arguments: list[str]) -> int:
    """The command; returns its exit code: 0 nothing found, 1 something fails, 2 it can't be done."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", nargs="?", choices=NAMES, metavar="TARGET", help="one of --list")
    parser.add_argument("--list", action="store_true", help="the targets, and how many inputs are stored of each")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to look (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations; 0: another each time")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one input, and show what it breaks")
    parser.add_argument("--shrink", type=Path, metavar="FILE", help="make an input that fails as small as can be")
    parser.add_argument("--merge", action="store_true", help="put what was found into the stored corpus")
    given = parser.parse_args(arguments)
    if given.list:
        for name in NAMES:
            _say(f"{name:18} {len(corpus_of(name)):4} inputs")
        return 0
    if given.target is None:
        parser.error("name a TARGET; --list shows them")
    if given.replay is not None:
        return _replay(given.target, given.replay.read_bytes())
    if given.shrink is not None:
        return _shrink(given.target, given.shrink)
    if given.merge:
        return _merge(given.target)
    try:
        crash = fuzz(given.target, given.minutes * 60, given.seed, _say)
    except NoFuzzer as error:
        _say(str(error))
        return 2
    return 0 if crash is None else _shrink(given.target, crash)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _replay(name: str, data: bytes) -> int:
    target = subject(name).target
    target(b"")  # what is made once must not count as an input's cost
    try:
        within_limits(target)(data)
    except Exception:  # noqa: BLE001 - to be shown
        _say(traceback.format_exc())
        return 1
    _say(f"{len(data)} bytes break nothing")
    return 0


def _shrink(name: str, file: Path) -> int:
    target, data = subject(name).target, file.read_bytes()
    target(b"")
    try:
        small = shrunk(within_limits(target), data, tell=lambda size: _say(f"  {size} bytes still fail"))
    except ValueError:
        _say(f"{file} breaks nothing any more")
        return 0
    kept = file.with_name(f"small-{name_of(small)}")
    kept.write_bytes(small)
    _replay(name, small)
    _say(f"{len(small)} bytes: {small!r}")
    _say(f"again:        python -m tests.fuzz {name} --replay {kept}")
    _say(f"when mended:  cp {kept} tests/fuzz/corpus/{name}/what-it-was.bin")
    return 1


def _counted(number: int, total: int) -> None:
    if number % 100 == 0:
        _say(f"  {number} of {total}")


def _merge(name: str) -> int:
    one, folder = subject(name), CORPUS / name
    found = [path.read_bytes() for path in (WORK / name / "corpus").glob("*") if path.is_file()]
    before = corpus_of(name)
    named = [path for path in before if path.name != name_of(path.read_bytes())]
    room = MOST_BYTES - sum(path.stat().st_size for path in named)
    inputs = [*one.seeds(), *(path.read_bytes() for path in before), *found]
    one.target(b"")
    short = [data for data in inputs if len(data) <= LONGEST]
    kept = fewest(one.target, short, room, _counted)
    folder.mkdir(parents=True, exist_ok=True)
    for path in before:
        if path not in named:
            path.unlink()
    for data in kept:
        (folder / name_of(data)).write_bytes(data)
    stored = corpus_of(name)
    size = sum(path.stat().st_size for path in stored)
    _say(f"{name}: {len(before)} stored and {len(found)} found inputs are now {len(stored)}, {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
