"""Values that can't work are refused before anything starts."""

from typing import Any

import pytest

from gateway.mqtt.options import MqttOptions


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"client_id": ""}, "client_id"),
        ({"qos": 2}, "qos"),
        ({"receive_maximum": 0}, "receive_maximum"),
        ({"receive_maximum": 65_536}, "receive_maximum"),
        ({"keep_alive_secs": 5}, "keep_alive_secs"),
    ],
)
def test_a_value_that_can_not_work_is_refused_by_name(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        MqttOptions(**({"host": "h", "client_id": "c"} | change))


def test_the_password_is_in_no_repr() -> None:
    assert "s3cret" not in repr(MqttOptions(host="h", client_id="c", username="u", password="s3cret"))
