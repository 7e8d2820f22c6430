"""How checks speak: a flag and a reason for each value, and which of two flags stands.

    precedence   MISSING < UNKNOWN < GOOD < SUSPECT < FAIL    the worst stands; saying nothing hides no verdict

Source: QARTOD flags; the precedence is that of `qartod_compare` in ioos_qc (commit 9c1853a).
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, U8, U32
from processors.flags import Flag, Why

__all__ = ["FLAG_OF", "RANK_OF", "Limit", "above", "is_set", "verdict", "worst"]

Mask = NDArray[np.bool_]
Limit = float | F64
"""One limit for all values, or an array that broadcasts to them; NaN where there is none."""

FLAG_OF: U8 = np.array([Flag.MISSING, Flag.UNKNOWN, Flag.GOOD, Flag.SUSPECT, Flag.FAIL], np.uint8)
"""The flag of each rank, from what gives way to what stands."""
RANK_OF: U8 = np.zeros(256, np.uint8)
RANK_OF[FLAG_OF] = np.arange(len(FLAG_OF))
"""The rank of each flag."""
RANK_OF.setflags(write=False)
FLAG_OF.setflags(write=False)


def worst(one: U8, other: U8) -> U8:
    """The flag that stands, value by value.

    Examples
    --------
    >>> worst(np.array([1, 2, 9, 3], np.uint8), np.array([2, 9, 9, 4], np.uint8)).tolist()
    [1, 2, 9, 4]
    """
    stands: U8 = FLAG_OF[np.maximum(RANK_OF[one], RANK_OF[other])]
    return stands


def is_set(*limits: Limit) -> Mask | np.bool_:
    """Where at least one of the limits is one: a number, not NaN and not infinite."""
    known: Mask | np.bool_ = np.isfinite(limits[0])
    for limit in limits[1:]:
        known = known | np.isfinite(limit)
    return known


def verdict(known: Mask, objects: Mask, fails: Mask, missing: Mask, bit: Why) -> tuple[U8, U32]:
    """Flag and reason from masks of one shape.

    Parameters
    ----------
    known : the check could be made there; elsewhere the flag is UNKNOWN.
    objects : SUSPECT, or worse. Counts where `known` only, as `fails` does.
    fails : FAIL.
    missing : there is no value: MISSING, whatever the rest says.
    bit : the reason where the check objects.
    """
    present = known & ~missing
    fails = fails & present
    objects = (objects & present) | fails
    rank = present.view(np.uint8) + objects.view(np.uint8)
    rank += fails.view(np.uint8)
    rank += 1
    rank[missing] = 0
    why = objects * np.uint32(bit)
    why[missing] = Why.MISSING_VALUE
    return FLAG_OF[rank], why


def above(score: F64, suspect: Limit, fail: Limit, missing: Mask, bit: Why) -> tuple[U8, U32]:
    """The verdict of checks that object to a score above a limit; a NaN score could not be judged."""
    known = ~np.isnan(score) & is_set(suspect, fail)
    return verdict(known, score > suspect, score > fail, missing, bit)
