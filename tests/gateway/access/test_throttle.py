"""Wrong tokens wait longer and longer; right ones never; memory is bounded."""

import pytest

from gateway.access.throttle import Throttle, ThrottleConfig, address_group

SECOND = 1_000_000_000
T0 = 1_772_000_000 * SECOND
CONFIG = ThrottleConfig(free=3, most_keys=50)


@pytest.fixture
def throttle() -> Throttle:
    return Throttle(CONFIG)


def test_each_failure_beyond_the_free_ones_doubles_the_wait_of_the_address_up_to_a_bound(throttle: Throttle) -> None:
    waits = [throttle.failed(T0, "10.0.0.7") for _ in range(15)]
    assert [wait // SECOND for wait in waits] == [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert throttle.wait(T0, "10.0.0.7") == 300 * SECOND
    assert throttle.wait(T0 + 299 * SECOND, "10.0.0.7") == SECOND
    assert throttle.wait(T0 + 300 * SECOND, "10.0.0.7") == 0
    assert throttle.wait(T0, "10.0.0.8") == 0


def test_a_token_id_waits_from_wherever_it_is_tried_but_not_as_long(throttle: Throttle) -> None:
    for k in range(15):
        throttle.failed(T0, f"10.0.{k}.7", "aaaaaaaa")
    assert throttle.wait(T0, "10.9.9.9", "aaaaaaaa") == 30 * SECOND
    assert throttle.wait(T0, "10.9.9.9", "bbbbbbbb") == 0


def test_failures_are_forgotten_after_a_quiet_time(throttle: Throttle) -> None:
    for _ in range(10):
        throttle.failed(T0, "10.0.0.7")
    assert throttle.failed(T0 + 900 * SECOND, "10.0.0.7") == 0


def test_who_was_right_from_there_waits_neither_for_a_neighbour_nor_for_a_stranger(throttle: Throttle) -> None:
    throttle.succeeded(T0, "10.0.0.7", "aaaaaaaa")
    for _ in range(20):
        throttle.failed(T0, "10.0.0.7", "cccccccc")  # a broken script behind the same address
        throttle.failed(T0, "203.0.113.5", "aaaaaaaa")  # a stranger who has seen the id
    assert throttle.wait(T0, "10.0.0.7", "aaaaaaaa") == 0
    assert throttle.wait(T0, "10.0.0.7", "bbbbbbbb") > 0
    assert throttle.wait(T0, "203.0.113.5", "aaaaaaaa") > 0
    assert throttle.wait(T0 + 2 * SECOND, "10.0.0.9", "aaaaaaaa") > 0
    day = 86_400 * SECOND
    for _ in range(5):
        throttle.failed(T0 + day, "10.0.0.7", "aaaaaaaa")
    assert throttle.wait(T0 + day, "10.0.0.7", "aaaaaaaa") > 0


def test_memory_is_bounded_and_the_oldest_are_forgotten(throttle: Throttle) -> None:
    for k in range(1_000):
        throttle.failed(T0 + k, f"10.1.{k // 256}.{k % 256}", f"id{k}")
        throttle.succeeded(T0 + k, f"10.1.{k // 256}.{k % 256}", f"id{k}")
    assert len(throttle) == 100


def test_whoever_goes_on_failing_is_not_forgotten_for_others(throttle: Throttle) -> None:
    for k in range(1_000):
        throttle.failed(T0, "10.0.0.7", f"id{k}")
    assert throttle.wait(T0, "10.0.0.7") == 300 * SECOND


def test_a_clock_that_is_set_back_lets_nobody_wait_for_longer_than_the_bound(throttle: Throttle) -> None:
    for _ in range(20):
        throttle.failed(T0, "10.0.0.7")
    earlier = T0 - 3600 * SECOND
    assert throttle.wait(earlier, "10.0.0.7") <= 300 * SECOND
    assert throttle.failed(earlier, "10.0.0.7") == 300 * SECOND


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("x" * 200, "x" * 64),
    ],
)
def test_an_ipv6_subscriber_is_one_client(address: str, group: str) -> None:
    assert address_group(address) == group
