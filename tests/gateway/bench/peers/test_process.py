"""The kernel's figures of a process are those that the process sees itself."""

import os
import resource
from time import process_time

import numpy as np
import pytest

from gateway.bench.peers.process import cpu_secs, peak_rss_bytes


def test_cpu_is_what_the_process_itself_measures() -> None:
    assert cpu_secs(os.getpid()) == pytest.approx(process_time(), abs=0.05)


def test_the_peak_of_memory_stays_when_it_is_given_back() -> None:
    before = peak_rss_bytes(os.getpid())
    np.ones(8_000_000)
    after = peak_rss_bytes(os.getpid())

    assert after >= before
    assert after == pytest.approx(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, rel=0.05)
