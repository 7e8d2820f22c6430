"""What a call's outputs say of floods, as events: who sends too fast, who was refused, which letters were not kept."""

from gateway.engine.results import StepResult
from gateway.reasons import Rejected, Shed
from gateway.telemetry.reading_events import DeviceFloodingError, DevicesRefusedError, LettersNotKeptError
from gateway.telemetry.telemetry import Telemetry

__all__ = ["tell_floods"]

_REFUSED = (Rejected.DEVICE_QUOTA, Rejected.DEVICE_LIMIT)
_REMEDY = (
    "Raise engine.max_met_devices, engine.new_devices_per_min or engine.max_devices as the dead letters say, or keep "
    "the stranger out at the broker; then `cityloom dead-letters replay`."
)


def tell_floods(result: StepResult, telemetry: Telemetry) -> None:
    """Once a call; nothing a message, and of messages that are shed there is one letter a device and minute."""
    for letter in result.rejects:
        if letter.reason == Shed.DEVICE_RATE:
            telemetry.emit(DeviceFloodingError(letter.device, letter.profile, letter.detail))
    for key, amount in result.counts.items():
        if key.book == "message" and key.reason in _REFUSED:
            telemetry.emit(DevicesRefusedError(amount, key.profile, _REMEDY))
        elif key.term == "letters_not_kept":
            telemetry.emit(LettersNotKeptError(amount, key.reason, key.profile))
