"""Payload paths: what can be said, and where a wrong one stops making sense."""

import pytest

from gateway.config.paths import Each, Path, parse_path, parse_records_path


@pytest.mark.parametrize(
    ("text", "steps", "absolute"),
    [
        ("speed", ("speed",), False),
        ("a.b[0].c", ("a", "b", 0, "c"), False),
        ('"x:y".z', ("x:y", "z"), False),
        ('a."b.c [0]"', ("a", "b.c [0]"), False),
        (r'"say \"hi\" \\"', (r'say "hi" \\'.replace(r"\\", "\\"),), False),
        ("em:0.act-power", ("em:0", "act-power"), False),
        ("$.a.b", ("a", "b"), True),
        ("$[2].x", (2, "x"), True),
        ("[1]", (1,), False),
        ("流量", ("流量",), False),
    ],
)
def test_paths_are_read(text: str, steps: tuple[str | int, ...], absolute: bool) -> None:
    path = parse_path(text)
    assert (path.steps, path.absolute) == (steps, absolute)


@pytest.mark.parametrize(
    "text", ["", "$$", "$.", ".a", "a.", "a..b", "a b", "a[", "a[x]", "a[-1]", 'a"b"', "$a", "a[0]b", "{"]
)
def test_wrong_paths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(text)


def test_only_record_paths_branch() -> None:
    assert parse_records_path("d.batch[]").steps == ("d", "batch", Each.ELEMENT)
    assert parse_records_path("{}[]").steps == (Each.MEMBER, Each.ELEMENT)
    assert parse_records_path("[]").steps == (Each.ELEMENT,)
    with pytest.raises(ValueError, match="one place"):
        parse_records_path("d.batch")
    with pytest.raises(ValueError, match="branches"):
        parse_path("a[].b")


def test_the_whole_message_and_the_record_itself_are_paths_of_no_step() -> None:
    assert parse_path("$") == Path("$", (), absolute=True)
    assert parse_path("@") == Path("@", (), absolute=False)
    assert parse_path("@value").steps == ("@value",)


def test_a_path_may_start_at_what_the_record_lies_in() -> None:
    assert parse_path("^.id") == Path("^.id", ("id",), absolute=False, outer=True)
    for text in ("^.", "^.$.id", "^.a[]"):
        with pytest.raises(ValueError, match=r"a path needs|two places|branches"):
            parse_path(text)


def test_a_path_leads_through_the_places_on_its_way() -> None:
    wrapped, bare, other = parse_path("a.v"), parse_path("a"), parse_path("$.a")
    assert wrapped.leads_through(bare)
    assert wrapped.leads_through(parse_path("@"))
    assert not bare.leads_through(wrapped)
    assert not bare.leads_through(bare)
    assert not wrapped.leads_through(other)
