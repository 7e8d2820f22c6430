"""No input that means something breaks a promise, and none of the stored corpus: every target, a bounded time."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import LONGEST, MOST_BYTES
from tests.fuzz.catalogue import CORPUS, NAMES, corpus_of, subject
from tests.fuzz.limits import within_limits

EXAMPLES = {"zone_engine": 25, "swollen": 30, "any_profile": 60, "line_writer": 60, "journal_files": 60}
"""Fewer of those that take longer."""


# the MQTT codec gives up on a text that is not UTF-8 in a way that Python reports beside the exception
NOISE = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@NOISE
@pytest.mark.parametrize("name", NAMES)
def test_no_drawn_input_breaks_a_promise(name: str) -> None:
    one = subject(name)
    one.target(b"")  # what is made once must not count as an input's cost
    judged = within_limits(one.target)

    @settings(
        max_examples=EXAMPLES.get(name, 100), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def breaks_nothing(data: st.DataObject) -> None:
        judged(data.draw(one.inputs()))

    breaks_nothing()


@NOISE
@pytest.mark.parametrize("name", NAMES)
def test_no_stored_input_breaks_a_promise(name: str) -> None:
    one = subject(name)
    one.target(b"")
    judged = within_limits(one.target)
    for data in [*one.seeds(), *(path.read_bytes() for path in corpus_of(name))]:
        judged(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_target_has_a_small_corpus(name: str) -> None:
    sizes = [path.stat().st_size for path in corpus_of(name)]
    assert len(sizes) >= 5, f"python -m tests.fuzz {name} --merge stores what was found"
    assert max(sizes) <= LONGEST
    assert sum(sizes) <= MOST_BYTES


def test_all_that_is_stored_belongs_to_a_target() -> None:
    assert sorted(path.name for path in CORPUS.iterdir()) == sorted(NAMES)
