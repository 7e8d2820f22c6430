"""What the devices really measured and sent, for whoever wants to check what was stored.

One JSON object a line for each reading of a message that the broker acknowledged:

    {"device":"loop-0007","topic":"...","crc":1234,"fault":"late","quantity":"speed","ts":1772366400123000000,"value":52.3}

`crc` is the CRC-32 of the payload; the lines of one message stand together. `value` is in the canonical unit, null
where the device said that it has none. A spoilt message has one line, with quantity, ts and value null.
"""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from device_sims.fleet import Message
from device_sims.troubles import Trouble

__all__ = ["TruthFile", "write_troubles"]


class TruthFile:
    """Buffered; complete when closed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", buffering=1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, message: Message) -> None:
        """Append the lines of one message."""
        start = json.dumps(
            {
                "device": message.device,
                "topic": message.topic,
                "crc": zlib.crc32(message.payload),
                "fault": message.fault,
            },
            separators=(",", ":"),
        )[:-1]
        readings = message.readings or ((None, None, None),)
        self._file.writelines(
            f'{start},"quantity":{json.dumps(quantity)},"ts":{json.dumps(ts)},"value":{json.dumps(value)}}}\n'
            for quantity, ts, value in readings
        )


def write_troubles(path: Path, troubles: Sequence[Trouble]) -> None:
    """Write what went wrong and what is expected of it, as a JSON list; times are UTC ns."""
    told = [
        {
            "kind": each.kind, "start": each.start, "end": each.end, "size": each.size, "expect": each.expect,
            "at": each.at, "zone": each.zone, "within": each.within, "over": each.over, "sentence": each.sentence,
            "also": each.also,
        }
        for each in troubles
    ]  # fmt: skip
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
