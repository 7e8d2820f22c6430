"""Floods through an engine: what is shed, refused and kept, by the ledger; the same after a restart."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.config.content import Device
from gateway.engine.ledger import MESSAGE_TERMS, READING_TERMS
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.journal.blocks import encode
from gateway.journal.snapshots import Snapshot, Snapshots
from gateway.reasons import Invalid, Rejected, Shed
from gateway.rows import Row, RowKind
from tests.support.engine import LOOP_PROFILE, SECOND, START, config_row, content, engine, loop, message

MS = 1_000_000
LIMITS: dict[str, Any] = {
    "device_messages_per_sec": 10.0, "device_burst": 10, "max_met_devices": 5, "new_devices_per_min": 4,
    "letters_per_sec": 1.0, "letters_burst": 3,
}  # fmt: skip
GATEWAY: dict[str, Any] = {
    "name": "gateway", "topic": "gateway/{gateway}", "interval_secs": 60, "identity": {"object_key": True},
    "records": {"path": "{}"}, "time": {"path": "ts", "format": "unix_ms"}, "fields": {"v": {"path": "v", "unit": "1"}},
}  # fmt: skip


def limited(**changed: Any) -> ZoneEngine:
    return engine(content([LOOP_PROFILE, GATEWAY], **(LIMITS | changed)))


def step(made: ZoneEngine, rows: list[Row]) -> StepResult:
    return made.step(rows, rows[-1].received_at, live=False)


def amount(result: StepResult, book: str, term: str, reason: str = "") -> int:
    return sum(n for key, n in result.counts.items() if (key.book, key.term, key.reason) == (book, term, reason))


def balanced(result: StepResult, messages: int) -> bool:
    terms: dict[tuple[str, str], int] = {}
    for key, n in result.counts.items():
        terms[key.book, key.term] = terms.get((key.book, key.term), 0) + n
    readings = sum(terms.get(("reading", term), 0) for term in READING_TERMS)
    return messages == sum(terms.get(("message", term), 0) for term in MESSAGE_TERMS) and readings == terms.get(
        ("reading", "decoded"), 0
    )


def flood(count: int, device: str = "mad") -> list[Row]:
    return [loop(device, at=k * MS, speed=k % 200, received_at=k * MS) for k in range(count)]


def test_a_mad_device_is_shed_and_its_neighbour_keeps_everything() -> None:
    rows = sorted(
        [*flood(1000), *(loop("calm", at=k * 100 * MS + 1, speed=50) for k in range(10))], key=lambda r: r.received_at
    )
    made = limited()
    result = step(made, rows)
    assert amount(result, "message", "shed", Shed.DEVICE_RATE) == 1000 - 10 - 9
    assert balanced(result, len(rows))
    stored = {made.registry.series[series].device for series in result.readings.series.tolist()}
    calm = [name.index for name in result.series if name.device == "calm"]
    assert stored == {"mad", "calm"}
    assert sum(series in calm for series in result.readings.series.tolist()) == 10
    (letter,) = result.rejects
    assert (letter.reason, letter.device, letter.profile) == (Shed.DEVICE_RATE, "mad", "loop")
    assert "more than 10 messages a second" in letter.detail
    assert made.flooding(5) == ["mad"]


def test_a_letter_of_a_flood_that_is_replayed_is_stored() -> None:
    made = limited()
    (letter,) = step(made, flood(100)).rejects
    again = json.dumps({"ts": (START + 90_000 * MS) // MS, "speed": 5}).encode()
    rows = [
        Row(START + SECOND + k, RowKind.REPLAY, 255, 0, letter.topic, _packed(letter.received_at, again))
        for k in range(50)
    ]
    result = step(made, rows)
    assert amount(result, "message", "decoded") == 50
    assert amount(result, "message", "shed", Shed.DEVICE_RATE) == 0


def _packed(received_at: int, payload: bytes) -> bytes:
    return msgspec.msgpack.encode((received_at, payload))


def test_a_gateway_of_many_devices_is_no_mad_device() -> None:
    """A thousand messages within a second, each about another of four devices' readings of its own time."""
    rows = [
        message("gateway/g", {f"d{k % 4}": {"ts": (START + k * 25 * MS) // MS, "v": k}}, START + k * 25 * MS)
        for k in range(200)
    ]
    result = step(limited(), rows)
    assert amount(result, "message", "decoded") == 200


def test_of_a_message_of_several_devices_only_the_mad_ones_readings_go() -> None:
    made = limited()
    rows = []
    for k in range(100):
        body: dict[str, Any] = {"mad": {"ts": (START + k * MS) // MS, "v": k}}
        if k % 50 == 0:
            body["calm"] = {"ts": (START + k * MS) // MS, "v": k}
        rows.append(message("gateway/g", body, START + k * MS))
    result = step(made, rows)
    assert amount(result, "message", "shed", Shed.DEVICE_RATE) == 89
    assert amount(result, "reading", "invalid", Invalid.DEVICE_RATE) == 1
    assert balanced(result, 100)
    calm = [name.index for name in result.series if name.device == "calm"]
    assert sum(series in calm for series in result.readings.series.tolist()) == 2


def test_a_profile_may_say_for_itself_how_fast_its_devices_are() -> None:
    made = engine(content([LOOP_PROFILE | {"max_messages_per_sec": 0}], **LIMITS))
    assert amount(step(made, flood(1000)), "message", "decoded") == 1000


def test_while_our_clock_stands_still_nothing_is_shed() -> None:
    """It was set back: receipts are a nanosecond apart until it has caught up, and say nothing of anybody's rate."""
    made = limited()
    made.step([], START + SECOND, live=True)
    rows = [message("city/a/loop/x", {"ts": START // MS, "speed": 1}, START + SECOND + k) for k in range(100)]
    result = made.step(rows, START + SECOND, live=True)
    assert amount(result, "message", "decoded") == 100


def test_a_journal_of_a_version_without_limits_is_repeated_without_them() -> None:
    made = engine(content())
    result = step(made, [*flood(3000), *(loop(f"d{k}", at=3 * SECOND + k, speed=1) for k in range(900))])
    assert amount(result, "message", "decoded") == 3900


def test_strangers_ids_beyond_the_quota_are_refused_and_met_once_it_is_raised() -> None:
    made = limited(new_devices_per_min=0)
    rows = [loop(f"d{k}", at=k * MS, speed=1) for k in range(20)]
    result = step(made, rows)
    assert amount(result, "message", "decoded") == 5
    assert amount(result, "message", "rejected", Rejected.DEVICE_QUOTA) == 15
    assert balanced(result, 20)
    assert len(result.rejects) == 3
    assert amount(result, "beside", "letters_not_kept", Rejected.DEVICE_QUOTA) == 12
    assert "engine.max_met_devices" in result.rejects[0].detail
    # others have a quota of their own: another zone, another profile
    other = step(made, [loop("e", at=SECOND, speed=1, zone="b")])
    assert amount(other, "message", "decoded") == 1

    raised = content([LOOP_PROFILE, GATEWAY], **(LIMITS | {"new_devices_per_min": 0, "max_met_devices": 50}))
    made.step([config_row(raised, START + 2 * SECOND)], START + 2 * SECOND, live=False)
    again = [
        Row(START + 3 * SECOND + k, RowKind.REPLAY, 255, 0, letter.topic, _packed(letter.received_at, letter.payload))
        for k, letter in enumerate(result.rejects)
    ]
    assert amount(step(made, again), "message", "decoded") == 3


def test_new_devices_come_so_many_a_minute_and_the_rest_by_replay() -> None:
    made = limited(max_met_devices=0)
    result = step(made, [loop(f"d{k}", at=k * MS, speed=1) for k in range(20)])
    assert amount(result, "message", "decoded") == 4
    assert "engine.new_devices_per_min" in result.rejects[0].detail
    later = step(made, [loop(f"d{k}", at=60 * SECOND + k * MS, speed=1) for k in range(20)])
    assert amount(later, "message", "decoded") == 8
    letter = result.rejects[-1]
    row = Row(START + 61 * SECOND, RowKind.REPLAY, 255, 0, letter.topic, _packed(letter.received_at, letter.payload))
    assert amount(step(made, [row]), "message", "decoded") == 1


def test_a_flood_of_rubbish_leaves_a_sample_of_letters_and_the_ledger_has_them_all() -> None:
    made = limited()
    result = step(made, [message("city/a/loop/x", b"{", START + k * MS) for k in range(500)])
    assert amount(result, "message", "rejected", Rejected.UNREADABLE) == 500
    assert len(result.rejects) == 3
    assert amount(result, "beside", "letters_not_kept", Rejected.UNREADABLE) == 497


@pytest.mark.parametrize("call", [1, 7, 64])
def test_a_restart_in_the_middle_of_floods_goes_on_to_the_same_bytes(call: int, tmp_path: Path) -> None:
    files = Snapshots(tmp_path)
    rows = sorted(
        [
            *flood(300), *(loop(f"d{k}", at=k * 3 * MS + 1, speed=1) for k in range(100)),
            *(message("nobody/x", b"x", START + k * 5 * MS + 2) for k in range(50)),
        ], key=lambda row: row.received_at,
    )  # fmt: skip
    straight, broken = limited(), limited()
    for at in range(0, len(rows), call):
        part = rows[at : at + call]
        if at % (50 * call) == 0:
            files.write(Snapshot("j" * 32, at, broken.offset, broken.now, "", b"", broken.snapshot()))
            found, _ = files.newest_good("j" * 32)
            assert found is not None
            broken = ZoneEngine.restore(found.state)
        assert encode(step(broken, part)) == encode(step(straight, part))


def test_counts_of_a_device_tell_what_was_shed_of_it() -> None:
    made = limited()
    step(made, flood(100))
    device = made.registry.by_id("mad")
    assert made.registry.counts[device, -1] == 90


def test_long_messages_count_as_several_and_are_shared_by_the_devices_of_one() -> None:
    """One more for each 4 KiB: one of 40 kB uses up what a device may send at once, but not eleven."""
    filler = "x" * 41_000
    alone = [loop("wordy", at=k * MS, speed=5, received_at=k * MS, text=filler) for k in range(20)]
    assert amount(step(limited(), alone), "message", "decoded") == 1

    made = limited(new_devices_per_min=0, max_met_devices=0)
    rows = []
    for k in range(9):
        at = (START + k * MS) // MS
        body = {f"d{n}": {"ts": at, "v": k, "text": filler if n == 0 else ""} for n in range(11)}
        rows.append(message("gateway/g", body, START + k * MS))
    assert amount(step(made, rows), "message", "decoded") == 9


def test_who_is_listed_meanwhile_makes_room_at_once_and_not_only_after_a_restart() -> None:
    met = [loop(f"d{k}", at=k, speed=1) for k in range(5)]
    listed = [Device(f"d{k}", "loop", (f"d{k}",), "a", None, None, "", "", "") for k in range(2)]
    told = content([LOOP_PROFILE, GATEWAY], listed, **(LIMITS | {"new_devices_per_min": 0}))
    straight = limited(new_devices_per_min=0)
    step(straight, met)
    step(straight, [config_row(told, START + SECOND)])
    broken = ZoneEngine.restore(straight.snapshot())

    more = [loop(f"e{k}", at=2 * SECOND + k, speed=1) for k in range(5)]
    result = step(straight, more)
    assert encode(step(broken, more)) == encode(result)
    assert amount(result, "message", "decoded") == 2
