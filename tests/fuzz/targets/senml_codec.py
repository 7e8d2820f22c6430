"""SenML as JSON and as CBOR: which profile, then the pack."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import cbor2
from hypothesis import strategies as st

from gateway.config.profiles import load_profiles
from tests.fuzz.targets._codec import BUILT_IN, Case, case_of, check, example

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [
    *(b'"bn":', b'"bt":', b'"bu":', b'"bv":', b'"bs":', b'"bver":', b'"n":', b'"u":', b'"v":', b'"vs":', b'"vb":'),
    *(b'"vd":', b'"s":', b'"t":', b'"ut":', b'"level"', b'"temperature"', b"[{", b"},{", b"}]", b"-60", b"1e300"),
    *(b"268435456", b"1772366400", b'"crit_":1', b"\xd9\xd9\xf7", b"\x81\xa3", b"\x21", b"\x22", b"\x25", b"\x24"),
    *(b"\xc4\x82\x20\x18\x2a", b"\xc2\x49\x01", b"\xc3\x41\xff", b"\xfb\x7f\xf8", b"\xf9\x7e\x00", b"\xf6", b"\xf7"),
    *(b"\x9f", b"\xbf", b"\xff", b"\x5f", b"\x7f", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x9b\x7f", b"\xd8\x1c"),
]
_LABELS = {"bs": -6, "bv": -5, "bu": -4, "bt": -3, "bn": -2, "bver": -1, "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4,
           "s": 5, "t": 6, "ut": 7, "vd": 8}  # fmt: skip
_OWN: dict[str, Any] = {
    "name": "own", "topic": "x/{app}", "codec": "senml", "interval_secs": 60, "identity": {"base_name": True},
    "fields": {
        "level": {"path": "level", "unit": "m"}, "far": {"path": "level", "unit": "km"},
        "open": {"path": "open", "type": "boolean"},
        "mode": {"path": "mode", "type": "enum", "enum": {"on": 1, "off": 0}},
        "text": {"path": "n", "unit": "1", "type": "numeric_string"},
    },
}  # fmt: skip
_BARE = {
    "name": "bare",
    "topic": "y/{device}",
    "identity": {"topic": "{device}"},
    "fields": {"v": {"path": "", "unit": "V"}},
}
_PACK: list[Any] = [{"bn": "a:", "bt": 1772366400, "n": "level", "u": "m", "v": 1.5}, {"n": "open", "vb": True}]


@cache
def _cases() -> Sequence[Case]:
    made = [case_of(BUILT_IN[name], *example(name)) for name in ("senml-station", "air-monitor")]
    for codec, good in (("senml", json.dumps(_PACK).encode()), ("senml_cbor", _cbor(_PACK))):
        (own,) = load_profiles({"own": _OWN | {"codec": codec}})
        (bare,) = load_profiles({"bare": _OWN | _BARE | {"codec": codec}})
        made += [case_of(own, "x/1", good), case_of(bare, "y/1", good)]
    return made


def _cbor(pack: Any) -> bytes:
    return cbor2.dumps([
        {_LABELS.get(label, label): value for label, value in record.items()} if isinstance(record, dict) else record
        for record in pack
    ])  # fmt: skip


def target(data: bytes) -> None:
    """One pack by one profile."""
    cases = _cases()
    check(cases[(data[0] if data else 0) % len(cases)], data[1:])


_NUMBER = (
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, -60, 2**28, 1772366400])
)
_TEXT = st.sampled_from(["", "a:", "level", "open", "mode", "m", "km", "%", "on", "é", "a:level"]) | st.text(max_size=3)
_ANY = st.none() | st.booleans() | _NUMBER | _TEXT | st.lists(st.integers(), max_size=2)
_RECORD = st.fixed_dictionaries({}, optional={
    "bn": _TEXT, "bt": _NUMBER, "bu": _TEXT, "bv": _NUMBER, "bs": _NUMBER, "bver": st.integers(0, 11), "n": _TEXT,
    "u": _TEXT, "v": _NUMBER, "vs": _TEXT, "vb": st.booleans(), "vd": _TEXT, "s": _NUMBER, "t": _NUMBER,
    "ut": _NUMBER, "odd_": _ANY,
})  # fmt: skip
_LOOSE = st.dictionaries(st.sampled_from([*_LABELS, "odd"]), _ANY, max_size=4)


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Packs that mean something, some of them damaged."""
    number = draw(st.integers(0, 5))
    pack = draw(st.lists(_RECORD | _LOOSE | _ANY, max_size=4))
    payload = _cbor(pack) if number in (1, 4, 5) else json.dumps(pack).encode()
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(payload)))
        payload = payload[:at] + draw(st.sampled_from(TOKENS) | st.binary(max_size=4)) + payload[at:]
    return bytes([number]) + payload


def seeds() -> Sequence[bytes]:
    """Every profile's good message."""
    return [bytes([k]) + case.good for k, case in enumerate(_cases())]
