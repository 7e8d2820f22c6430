"""What operators write: configuration, profiles, city, devices, conditions, incidents, paths. Never a traceback.

first byte: which file; next: even, the rest is its text; odd, the built-in one with a line changed every few bytes.
It loads, or a ConfigError says file, key, problem and remedy.
"""

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

import seeds as built_in
from gateway.config.city import parse_city
from gateway.config.conditions.checks import parse_conditions
from gateway.config.devices import calibrated_days, parse_devices
from gateway.config.incidents import parse_incidents
from gateway.config.load import read_settings
from gateway.config.paths import parse_path, parse_records_path
from gateway.config.profiles import load_profiles
from gateway.config.sample import SAMPLE
from gateway.errors import ConfigError, ConfigErrors
from tests.fuzz.refusals import well_said
from tests.fuzz.source import Source

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [
    b" = ", b"\n", b"[", b"]", b"[[", b"]]", b'"', b"'", b'"""', b"#", b"\\u", b"\\", b".", b",", b"{", b"}", b"true",
    b"nan",
    b"-inf", b"1979-05-27T07:32:00Z", b"07:32:00", b"0x", b"1e400", b"\x1b[31m", b"\x00", b"\xff", b"\xe2\x80\xae",
    b"schema = 1\n", b"[mqtt]\n", b"[[sources]]\n", b"[fields.v]\n", b"host = ", b"port = ", b"name = ", b"topic = ",
    b"id,profile,keys,zone,lon,lat,asset,installed,extra\n", b"[[zones]]\n", b"[[conditions]]\n", b"kind = ",
]  # fmt: skip
_VALUES = (
    "0", "-1", "1", "1.5", "1e999", "nan", "-inf", "true", '""', '"x"', '"\\u001b[31m"', "[]", "[1]", '["a"]', "{}",
    "{a = 1}",
    "[[1]]", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "9" * 30, "9" * 5000, '"' + "x" * 300 + '"', "[" * 3000,
    '"a/{b}/c"', '"a/#"', '"../x"', '"Asia/Shanghai"', '"\\u202e"', '"\\u0000"', "[0, 0]", "[1, 0]",
    "[[0, 0], [1, 1], [0, 1]]",
)  # fmt: skip
_CELLS = (
    "",
    "x",
    "nan",
    "inf",
    "1e400",
    "180.1",
    "-0",
    "2024-02-30",
    '"',
    '"a,b"',
    "position_m=nan",
    "carriageway=",
    "\x00",
)
_FILE = "given.toml"


class _Loader(NamedTuple):
    base: Callable[[], str]
    load: Callable[[str], object]


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="loom-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _settings(text: str) -> object:
    path = _folder() / "c.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    read = read_settings(path, environment=())
    if read.problems:
        for problem in read.problems:
            assert problem.file == str(path), problem.file
        raise ConfigErrors([ConfigError(_FILE, each.key, each.what, each.remedy) for each in read.problems])
    assert read.settings is not None
    return repr(read.settings)


@cache
def _profiles() -> dict[str, str]:
    return built_in.profile_texts()


def _devices(text: str) -> object:
    parse_devices(text, _FILE, None, None)
    parsed = parse_devices(text, _FILE, parse_city(_base_city(), _FILE), list(_profiles()))
    calibrated_days(text, _FILE)
    return parsed


@cache
def _base_city() -> str:
    """A piece of the city, for the whole takes too long."""
    lines = built_in.city_text().splitlines()
    starts = [k for k, line in enumerate(lines) if line.startswith("[[")]
    kinds: dict[str, int] = {}
    kept = lines[: starts[0]]
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        kinds[lines[at]] = kinds.get(lines[at], 0) + 1
        if lines[at] == "[[zones]]" or kinds[lines[at]] <= 2:
            kept += lines[at:end]
    return "\n".join(kept)


@cache
def _loaders() -> Sequence[_Loader]:
    city, profiles = parse_city(built_in.city_text(), _FILE), load_profiles(_profiles())
    conditions = built_in.condition_texts()
    devices = "\n".join(built_in.devices_text().splitlines()[:40]) + "\n"
    sample = SAMPLE.read_text(encoding="utf-8")
    options = "\n".join(line.removeprefix("# ") for line in sample.splitlines() if not line.startswith(("##", "#  ")))
    return [
        _Loader(lambda: options, _settings), _Loader(_base_city, lambda text: parse_city(text, _FILE)),
        _Loader(lambda: devices, _devices), _Loader(built_in.incidents_text, lambda text: parse_incidents(text, _FILE)),
        *(
            _Loader(lambda text=text: text, lambda text: parse_conditions(text, _FILE, city, profiles))  # type: ignore[misc]
            for text in conditions.values()
        ),
        *(
            _Loader(lambda text=text: text, lambda text: load_profiles({_FILE: text}))  # type: ignore[misc]
            for text in _profiles().values()
        ),
    ]  # fmt: skip


def target(data: bytes) -> None:
    """Load one text."""
    source, loaders = Source(data), _loaders()
    loader = loaders[source.below(len(loaders))]
    if source.flag():
        text = _changed(source, loader.base())
    else:
        text = source.rest().decode("utf-8", "surrogateescape")
        for parse in (parse_path, parse_records_path):
            with contextlib.suppress(ValueError):
                parse(text)
    try:
        loader.load(text)
    except ConfigError as error:
        well_said(error, _FILE)


def _changed(source: Source, text: str) -> str:
    """The text with lines taken out, doubled, moved, or with another value."""
    lines = text.splitlines()
    while source and lines:
        act, at = source.below(8), source.below(1 << 16) % len(lines)
        name, sign, value = lines[at].partition(" = ")
        if act == 0:
            del lines[at]
        elif act == 1:
            lines.insert(source.below(1 << 16) % len(lines), lines[at])
        elif act == 2 and "," in lines[at] and not sign:
            cells = lines[at].split(",")
            cells[source.below(len(cells))] = source.one(_CELLS)
            lines[at] = ",".join(cells)
        elif act <= 5:
            lines[at] = f"{name} = {source.one(_VALUES)}"
        elif act == 6:
            lines[at] = f"{name}{sign}{source.run().decode('utf-8', 'replace')}"
        else:
            lines[at] = source.run().decode("utf-8", "replace") + f"{sign}{value}"
    return "\n".join(lines) + "\n"


def inputs() -> st.SearchStrategy[bytes]:
    """Texts that begin like a file, and changes of the built-in ones."""
    piece = st.sampled_from(TOKENS) | st.sampled_from(_VALUES[:20]).map(str.encode) | st.binary(max_size=3)
    text = st.lists(piece, max_size=12).map(b"".join)
    which = st.integers(0, 40)
    return st.builds(lambda k, body: bytes([k, 0]) + body, which, text) | st.builds(
        lambda k, body: bytes([k, 1]) + body, which, st.binary(min_size=4, max_size=24)
    )


def seeds() -> Sequence[bytes]:
    """Every file as it is, and with a line changed."""
    every = range(len(_loaders()))
    return [*(bytes([k, 1]) for k in every), *(bytes([k, 1, 3, 0, 9, 5]) for k in every)]
