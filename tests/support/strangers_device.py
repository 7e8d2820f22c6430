"""The device of docs/strangers-device.md: sound level meters that no profile knows."""

import json
from collections.abc import Iterator

__all__ = ["METERS", "sound_levels"]

METERS = (("harbour", "SLM-0417"), ("harbour", "SLM-0423"), ("school", "SLM-0188"))


def sound_levels(now: int, minutes: int = 10) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of what three meters kept of the last minutes, in order. `now`: UTC ns."""
    second = now // 1_000_000_000
    for back in range(minutes, 0, -1):
        for number, (site, meter) in enumerate(METERS):
            k = minutes - back
            body = {
                "utc": (second - 60 * (back - 1)) * 1000 + 137, "seq": 880 + k,
                "levels": {"LAeq": 58.3 + 2 * number + k, "LAmax": None if k == 4 else 70.4 + number + k},
                "battery_mV": 3600 - k, "status": "calibrating" if k == 0 else "ok", "mqttPassword": "hunter2",
            }  # fmt: skip
            yield f"acme/{site}/{meter}/spl", json.dumps(body, separators=(",", ":")).encode()
