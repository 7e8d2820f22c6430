"""Reports that are kept: whole or not at all, so many and so large, under names that lead nowhere else."""

from pathlib import Path

import pytest

from gateway.errors import CommandError, Missing
from gateway.reports.make import Document
from gateway.reports.shelf import Shelf


def _documents(name: str, size: int = 10) -> list[Document]:
    return [Document(f"{name}.{form}", "", form.encode().ljust(size)) for form in ("html", "pdf")]


def _put(shelf: Shelf, name: str, now: int, size: int = 10) -> None:
    assert shelf.put(_documents(name, size), by="Li", until=now, whole=True, now=now) == name


def _names(shelf: Shelf) -> list[str]:
    return [kept.document for kept in shelf.all()]


def test_what_is_put_is_there_with_all_that_its_name_says(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "documents", 10, 1_000)
    assert shelf.all() == []
    _put(shelf, "water-2026-W10.zh", 7)

    (kept,) = shelf.all()
    assert (kept.domain, kept.kind, kept.period, kept.lang) == ("water", "week", "2026-W10", "zh")
    assert (kept.made, kept.by, kept.until, kept.whole) == (7, "Li", 7, True)
    assert kept.sizes == {"html": 10, "pdf": 10}
    assert shelf.read("water-2026-W10.zh", "pdf") == b"pdf       "


def test_the_newest_comes_first_and_one_made_again_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 10, 1_000)
    for now, name in enumerate(["gas-2026-03-01", "gas-2026-03-02", "gas-2026-03-01"]):
        _put(shelf, name, now)

    assert _names(shelf) == ["gas-2026-03-01", "gas-2026-03-02"]


def test_the_oldest_go_where_there_are_too_many_or_too_large_ones(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 3, 1_000)
    for day in range(1, 6):
        _put(shelf, f"gas-2026-03-0{day}", day)
    assert _names(shelf) == ["gas-2026-03-05", "gas-2026-03-04", "gas-2026-03-03"]

    _put(shelf, "gas-2026-03-06", 6, 480)
    assert _names(shelf) == ["gas-2026-03-06", "gas-2026-03-05", "gas-2026-03-04"]
    _put(shelf, "gas-2026-03-07", 7, 5_000)
    assert _names(shelf) == ["gas-2026-03-07"], "what was just made stays, however large it is"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("name", ["../c", "gas-2026-03-02/../../c", "gas-2026-03-02\n", "", "gas-2026-03-02.json", "c"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "c.html").write_bytes(b"secret")
    shelf = Shelf(tmp_path / "documents", 10, 1_000)

    with pytest.raises(Missing):
        shelf.read(name, "html")
    with pytest.raises(ValueError, match="not the forms of a report"):
        _put(shelf, name, 1)


def test_what_is_not_whole_or_not_ours_is_not_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 10, 1_000)
    _put(shelf, "gas-2026-03-02", 1)
    (tmp_path / "gas-2026-03-03.json").write_bytes(b'{"made": 1}')
    (tmp_path / "notes.json").write_bytes(b"{}")
    (tmp_path / "water-2026-03-02.html").write_bytes(b"without the others")

    assert _names(shelf) == ["gas-2026-03-02"]


def test_a_folder_that_takes_nothing_is_a_problem_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file", encoding="utf-8")
    with pytest.raises(CommandError, match="can't be kept") as refused:
        _put(Shelf(tmp_path / "documents", 10, 1_000), "gas-2026-03-02", 1)
    assert refused.value.remedy
