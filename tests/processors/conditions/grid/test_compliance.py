import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.grid.compliance import EN_HIGH, EN_LOW, Compliance, Measure, Verdict

NAN = float("nan")
WEEK = 1008


def counts(n: int = 1) -> Compliance:
    made = Compliance()
    made.grow(n)
    return made


def add(made: Compliance, measure: Measure, values: list[float], meter: int = 0) -> None:
    made.add(
        np.full(len(values), meter, np.int32),
        np.full(len(values), measure, np.uint8),
        np.array(values),
        EN_LOW[measure],
        EN_HIGH[measure],
    )


def test_a_week_may_have_50_of_1008_voltages_outside() -> None:
    good, bad = counts(), counts()
    add(good, Measure.VOLTAGE, [0.0] * 958 + [-11.0] * 50)
    add(bad, Measure.VOLTAGE, [0.0] * 957 + [12.0] * 51)

    assert good.figures(WEEK, 0.9).verdict[0, Measure.VOLTAGE] == Verdict.COMPLIES
    assert bad.figures(WEEK, 0.9).verdict[0, Measure.VOLTAGE] == Verdict.FAILS


def test_exactly_95_percent_comply() -> None:
    made = counts()
    add(made, Measure.UNBALANCE, [2.0] * 19 + [2.1])

    got = made.figures(20, 1.0)

    assert got.share[0, Measure.UNBALANCE] == 0.95
    assert got.verdict[0, Measure.UNBALANCE] == Verdict.COMPLIES


def test_frequency_wants_99_5_percent() -> None:
    made = counts(2)
    add(made, Measure.FREQUENCY, [50.0] * 199 + [50.6], meter=0)
    add(made, Measure.FREQUENCY, [50.0] * 198 + [49.4] * 2, meter=1)

    assert made.figures(200, 1.0).verdict[:, Measure.FREQUENCY].tolist() == [Verdict.COMPLIES, Verdict.FAILS]


def test_the_limits_belong_inside() -> None:
    made = counts()
    add(made, Measure.VOLTAGE, [-10.0, 10.0])
    add(made, Measure.THD, [8.0, 8.1])

    share = made.figures(2, 0.0).share[0]
    assert [share[Measure.VOLTAGE], share[Measure.THD]] == [1.0, 0.5]


def test_missing_values_are_neither_within_nor_outside() -> None:
    made = counts()
    add(made, Measure.VOLTAGE, [0.0, NAN, NAN, -50.0])

    got = made.figures(4, 0.5)

    assert [got.share[0, 0], got.coverage[0, 0], got.verdict[0, 0]] == [0.5, 0.5, Verdict.FAILS]


def test_too_little_is_no_verdict_though_there_is_a_share() -> None:
    made = counts()
    add(made, Measure.VOLTAGE, [0.0] * 100)

    got = made.figures(WEEK, 0.9)

    assert [got.share[0, 0], got.verdict[0, 0]] == [1.0, Verdict.UNKNOWN]


def test_a_meter_that_was_never_heard_is_unknown_not_compliant() -> None:
    made = counts(2)
    add(made, Measure.VOLTAGE, [NAN], meter=1)

    got = made.figures(WEEK, 0.0)

    assert np.isnan(got.share).all()
    assert (got.coverage == 0).all()
    assert (got.verdict == Verdict.UNKNOWN).all()


def test_without_a_limit_nothing_is_counted() -> None:
    made = counts()
    made.add(np.zeros(2, np.int32), np.zeros(2, np.uint8), np.zeros(2), np.array([NAN, -7.0]), np.array([7.0, 7.0]))

    assert made.figures(1, 0.0).coverage[0, 0] == 1.0


def test_a_new_period_starts_from_nothing() -> None:
    made = counts()
    add(made, Measure.VOLTAGE, [20.0])

    made.reset()

    assert np.isnan(made.figures(WEEK, 0.0).share).all()


def test_state_is_small_and_new_meters_have_counted_nothing() -> None:
    made = counts(3)
    add(made, Measure.VOLTAGE, [0.0], meter=2)

    made.grow(5)

    assert len(made) == 5
    assert made.figures(1, 0.0).coverage[:, 0].tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]
    assert sum(column.nbytes for column in made.snapshot().values()) == 5 * 4 * 8


def test_expected_and_required_may_differ_by_measure() -> None:
    made = counts()
    add(made, Measure.VOLTAGE, [0.0, 99.0])
    add(made, Measure.FREQUENCY, [50.0])

    got = made.figures(np.array([2, 2, 2, 4]), 0.2, np.array([0.5, 0.95, 0.95, 0.995]))

    assert got.coverage[0].tolist() == [1.0, 0.0, 0.0, 0.25]
    assert got.verdict[0].tolist() == [Verdict.COMPLIES, Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.COMPLIES]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from([0.0, 1.5, 5.0, 50.0, NAN])), max_size=60),
    st.data(),
)
def test_figures_are_those_of_counting_by_hand_however_values_are_split(
    rows: list[tuple[int, int, float]], data: st.DataObject
) -> None:
    made = counts(3)
    at = 0
    while at < len(rows):
        size = data.draw(st.integers(1, len(rows) - at))
        meter, measure, value = (np.array(column) for column in zip(*rows[at : at + size], strict=True))
        measure = measure.astype(np.uint8)
        made.add(meter.astype(np.int32), measure, value, EN_LOW[measure], EN_HIGH[measure])
        if data.draw(st.booleans()):
            made = Compliance.restore(made.snapshot())
        at += size

    got = made.figures(10, 0.0)

    for m in range(3):
        for q in range(4):
            known = [v for meter, measure, v in rows if (meter, measure) == (m, q) and not np.isnan(v)]
            within = [v for v in known if EN_LOW[q] <= v <= EN_HIGH[q]]
            assert got.coverage[m, q] == len(known) / 10
            if known:
                assert got.share[m, q] == len(within) / len(known)


def test_some_meters_begin_a_new_period_and_others_go_on() -> None:
    made = counts(3)
    for meter in range(3):
        add(made, Measure.VOLTAGE, [0.0, 20.0], meter)

    made.reset(np.array([1], np.int32))

    assert made.figures(2, 0.0).coverage[:, Measure.VOLTAGE].tolist() == [1.0, 0.0, 1.0]
