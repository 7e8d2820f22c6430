"""Which of a broker's reason codes pass by themselves, and what somebody has to do about the others."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import mqtt5
import pytest

from gateway.mqtt.reason_codes import REASONS, reason_of
from gateway.mqtt.reporting import ending_of
from gateway.mqtt.signals import Refused, ServerLeft

Code = TypeVar("Code")
PASSES = {0x80, 0x83, 0x88, 0x89, 0x8B, 0x8D, 0x96, 0x98, 0x9F, 0xA0}


def codes_of(enum: Callable[[int], Code]) -> dict[int, Code]:
    """Those of an enum that mean a refusal; the codec's can't be iterated over."""
    found = {}
    for code in range(0x80, 0x100):
        with suppress(ValueError):
            found[code] = enum(code)
    return found


def test_every_code_that_a_broker_may_send_is_in_the_table() -> None:
    for known in (
        codes_of(mqtt5.ConnAckReasonCode), codes_of(mqtt5.DisconnectReasonCode), codes_of(mqtt5.SubAckReasonCode),
        codes_of(mqtt5.PubAckReasonCode),
    ):  # fmt: skip
        assert len(known) >= 7
        assert set(known) <= REASONS.keys()


@pytest.mark.parametrize("code", sorted(REASONS), ids=lambda code: f"0x{code:02X}")
def test_what_does_not_pass_by_itself_says_what_to_do(code: int) -> None:
    assert bool(reason_of(code).remedy) == (code not in PASSES)


def test_a_code_that_nobody_knows_is_named_by_its_number() -> None:
    assert reason_of(0xEE).text == "reason code 0xEE"
    assert not reason_of(0xEE).remedy


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0x87, "rules allow it"), (0x8E, "client_id of its own"), (0x95, "max_packet_size"), (0x9B, "mqtt.qos = 0"),
        (0x9C, "mqtt.host"), (0x9D, "mqtt.host"), (0x9E, "mqtt.connections = 1"),
    ],
)  # fmt: skip
def test_the_remedy_names_what_to_change(code: int, said: str) -> None:
    assert said in reason_of(code).remedy


@pytest.mark.parametrize("signal", [Refused, ServerLeft])
def test_the_server_that_a_broker_names_instead_is_said_and_not_followed(
    signal: type[Refused] | type[ServerLeft],
) -> None:
    ending = ending_of(signal(0x9D, "SERVER_MOVED", "other.example:1883"))
    assert ending is not None
    assert ending.problem.endswith("SERVER_MOVED (0x9D); it names other.example:1883")
    assert "not followed" in ending.remedy
