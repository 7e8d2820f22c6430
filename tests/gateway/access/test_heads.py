"""The file of heads: bounded, readable whatever stands in it, and no line of it is lost half written."""

from pathlib import Path

from gateway.access.audit_chain import Anchor
from gateway.access.heads import AuditHeads

HASH = "9f2c41d7a05be6c3" * 4


def test_heads_come_back_oldest_first_past_what_is_none(tmp_path: Path) -> None:
    heads = AuditHeads(tmp_path)
    assert heads.read() == []
    heads.note(1, Anchor(3, HASH))
    path = tmp_path / "audit-heads.txt"
    with path.open("ab") as file:
        file.write(b"\xff rubbish\n2 x:1\n2 4:abc\n")
    heads.note(5, Anchor(7, HASH))
    assert heads.read() == [Anchor(3, HASH), Anchor(7, HASH)]
    assert path.stat().st_mode & 0o077 == 0


def test_the_first_and_the_newest_stay(tmp_path: Path) -> None:
    lines = "".join(f"{k} {k}:{HASH}\n" for k in range(1, 5001))
    (tmp_path / "audit-heads.txt").write_text(lines)
    heads = AuditHeads(tmp_path)
    heads.note(1, Anchor(6000, HASH))
    kept = [anchor.seq for anchor in heads.read()]
    assert (kept[0], kept[1], kept[-1], len(kept)) == (1, 3003, 6000, 2000)
