"""How fast totals grow."""

from gateway.console.view.rates import Rates


def test_the_rate_is_of_the_last_seconds() -> None:
    rates = Rates(span=10.0)
    assert rates.per_second("x") is None
    for second in range(30):
        rates.take(float(second), {"x": 100.0 * max(second - 15, 0)})
    assert rates.per_second("x") == 100.0


def test_another_gateway_begins_anew() -> None:
    rates = Rates()
    rates.take(0.0, {"x": 1000.0})
    rates.take(1.0, {"x": 1100.0})
    rates.take(2.0, {"x": 5.0})
    assert rates.per_second("x") is None


def test_a_counter_that_is_new_counts_from_nought() -> None:
    rates = Rates()
    rates.take(0.0, {})
    rates.take(2.0, {"x": 10.0})
    assert rates.per_second("x") == 5.0
