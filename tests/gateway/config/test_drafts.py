"""Drafts: what is right of a table, and nothing in place of what is wrong."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from gateway.config.drafts import draft_of, judge


class Leaf(BaseModel):
    number: int
    word: str = "default"


class Tree(BaseModel):
    one: Leaf
    maybe: Leaf | None = None
    rows: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] = {}
    text: str = "default"


def test_a_draft_holds_what_is_right_and_lacks_what_is_wrong() -> None:
    draft = draft_of(
        Tree,
        {
            "one": {"number": "x", "word": "w"}, "maybe": 5, "rows": [{"number": "7"}, "no row", {"word": 1}],
            "named": {"a": {"number": 1}, "b": {}}, "unknown": 1,
        },
    )  # fmt: skip
    assert draft is not None
    assert vars(draft.one) == {"word": "w"}
    assert "maybe" not in vars(draft)
    assert [vars(row) for row in draft.rows] == [{"number": 7, "word": "default"}, {}, {}]
    assert {name: vars(leaf) for name, leaf in draft.named.items()} == {
        "a": {"number": 1, "word": "default"}, "b": {"word": "default"},
    }  # fmt: skip
    assert draft.text == "default"


def test_what_is_no_table_has_no_draft() -> None:
    assert draft_of(Tree, [1]) is None


def test_rules_that_need_what_a_draft_lacks_say_nothing_and_stop_no_other() -> None:
    def number(leaf: Leaf) -> Iterator[str]:
        yield "before"
        yield str(leaf.number)

    def word(leaf: Leaf) -> Iterator[str]:
        yield leaf.word

    draft = draft_of(Leaf, {"number": None, "word": "w"})
    assert list(judge([number, word], draft, draft=True)) == ["before", "w"]
    with pytest.raises(AttributeError):
        list(judge([number], draft, draft=False))
