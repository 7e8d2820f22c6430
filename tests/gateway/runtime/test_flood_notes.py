"""What a call's outputs say of floods becomes an event each kind, with what to do."""

from typing import Any

from gateway.engine.results import LedgerKey, Reject, StepResult
from gateway.reasons import Rejected, Shed
from gateway.runtime.flood_notes import tell_floods
from gateway.telemetry.reading_events import DeviceFloodingError, DevicesRefusedError, LettersNotKeptError
from tests.support.running import RecordingTelemetry


def _told(**parts: Any) -> RecordingTelemetry:
    telemetry = RecordingTelemetry()
    tell_floods(StepResult(**parts), telemetry)
    return telemetry


def test_a_mad_device_is_named_with_what_to_do() -> None:
    letter = Reject(1, 2, Shed.DEVICE_RATE, "mend it", 0, "loop", "t", b"", "loop-1")
    other = Reject(2, 2, Rejected.UNREADABLE, "no JSON", 0, "loop", "t", b"")
    telemetry = _told(rejects=[letter, other])
    assert telemetry.of(DeviceFloodingError) == [DeviceFloodingError("loop-1", "loop", "mend it")]
    assert len(telemetry.events) == 1


def test_refused_strangers_and_letters_that_are_not_kept_are_counted() -> None:
    counts = {
        LedgerKey("message", "rejected", Rejected.DEVICE_QUOTA, "0", "loop"): 7,
        LedgerKey("message", "rejected", Rejected.UNREADABLE, "0", "loop"): 3,
        LedgerKey("beside", "letters_not_kept", Rejected.UNREADABLE, "", "loop"): 2,
        LedgerKey("message", "decoded", "", "0", "loop"): 9,
    }
    telemetry = _told(counts=counts)
    (refused,) = telemetry.of(DevicesRefusedError)
    assert (refused.messages, refused.profile) == (7, "loop")
    assert "engine.max_met_devices" in refused.remedy
    assert telemetry.of(LettersNotKeptError) == [LettersNotKeptError(2, "unreadable", "loop")]


def test_a_quiet_call_says_nothing() -> None:
    assert _told().events == []
