"""What a token looks like."""

import pytest

from gateway.access.token_text import hash_of_secret, make_token, parse_token, same_hash


def test_a_token_is_recognised_with_the_white_space_of_copying() -> None:
    made = make_token()
    assert made.text.startswith(f"cl_{made.id}_")
    assert parse_token(f"  {made.text}\n") == made


def test_two_tokens_share_nothing_and_a_new_secret_keeps_the_id() -> None:
    one, other = make_token(), make_token()
    assert one.id != other.id
    again = make_token(one.id)
    assert again.id == one.id
    assert again.text != one.text
    assert len(one.text.rpartition(f"cl_{one.id}_")[2]) >= 43  # 32 bytes


@pytest.mark.parametrize(
    "text",
    ["", "cl_", "cl_abcdefgh_short", "Bearer x", "cl_ABCDEFGH_" + "x" * 43, "cl_abcdefgh_" + "x" * 44, "x" * 10**6],
)
def test_what_is_no_token_is_none(text: str) -> None:
    assert parse_token(text) is None


def test_the_secret_is_in_no_repr() -> None:
    made = make_token()
    assert made.text not in f"{made!r} {made}"
    assert made.id in repr(made)


def test_hashes_are_compared_whole() -> None:
    made = make_token()
    kept = hash_of_secret(made.text)
    assert same_hash(kept, hash_of_secret(made.text))
    assert not same_hash(kept, hash_of_secret(make_token(made.id).text))
    assert not same_hash(None, kept)
    assert not same_hash(b"", kept)
