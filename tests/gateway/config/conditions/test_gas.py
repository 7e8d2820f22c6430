"""What can be wrong with votes of gas detectors."""

from typing import Any

import pytest

import seeds
from gateway.config.conditions.gas import VotingCondition
from gateway.config.conditions.model import Surroundings
from gateway.config.profiles import load_profiles

PROFILES = {profile.name: profile for profile in load_profiles(dict(seeds.profile_texts()))}
VOTING: dict[str, Any] = {
    "name": "gas.lel-confirmed", "title": "Gas", "kind": "voting", "profile": "gas-detector", "quantity": "lel",
    "high": [20, 25], "priorities": [1],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "keys"),
    [
        ({}, []),
        ({"high": []}, ["high"]),
        ({"high": [25, 20]}, ["high"]),
        ({"low": [18, 19.5]}, ["low"]),
        ({"low": [19.5], "deadband": 1}, ["low"]),
        ({"validity_secs": 10}, ["validity_secs"]),
    ],
)
def test_steps_must_make_sense_and_votes_must_last_until_the_next_reading(
    changed: dict[str, Any], keys: list[str]
) -> None:
    problems = list(VotingCondition.model_validate(VOTING | changed).problems(Surroundings(PROFILES, {})))

    assert [key for key, _, _ in problems] == keys
    assert all(problem and remedy for _, problem, remedy in problems)
