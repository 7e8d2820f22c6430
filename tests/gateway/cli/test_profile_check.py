"""`cityloom profile check` on a folder that a gateway left: what is compared, what is refused, and the exit codes."""

from pathlib import Path

import pytest

import seeds
from gateway.journal.opening import open_journal
from gateway.rows import Row, RowKind
from tests.support.command import Result, asked

TOPIC = "city/panyu/gas/detector/gas-0001/reading"
GAS = seeds.profile_texts()["gas-detector"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    inbox, outbox, _ = open_journal(folder, inbox_quota=1 << 26, outbox_quota=1 << 26)
    at = 1_772_412_960_000_000_000
    rows = [
        Row(at + k, RowKind.MESSAGE, 1, 0, TOPIC, b'{"ts": %d, "lel": %d}' % (1_772_412_960 + k, 10 * k))
        for k in range(5)
    ]
    inbox.append(rows, {}, {})
    inbox.close()
    outbox.close()
    return folder


def checked(data_dir: Path, text: str, *words: str) -> Result:
    file = data_dir.parent / "changed.toml"
    file.write_text(text, encoding="utf-8")
    return asked("profile", "check", file, "--data-dir", data_dir, *words)


def test_the_profile_in_force_changes_nothing(data_dir: Path) -> None:
    done = checked(data_dir, GAS)

    assert done.code == 0
    assert "gas-detector, in place of gas-detector: 5 messages: 0 lost, 0 changed, 0 unread, 0 new, 5 same" in done.out


def test_what_would_be_lost_or_another_is_shown_and_the_exit_code_is_1(data_dir: Path) -> None:
    done = checked(data_dir, GAS.replace("range = [0, 100]", "range = [0, 30]"))
    assert done.code == 0
    assert "changed gas-0001 lel: 40 %LEL good -> 40 %LEL fail" in done.out

    lost = checked(data_dir, GAS.replace('path = "lel"', 'path = "gas"'), "--json")
    assert lost.code == 1
    assert lost.json["summary"]["messages"]["lost"] == 5
    assert "lost gas-0001 lel" in lost.err


def test_what_cant_be_used_is_refused_with_key_and_remedy(data_dir: Path) -> None:
    done = checked(data_dir, GAS.replace('unit = "%LEL"', 'unit = "furlong"'))

    assert done.code == 2
    assert "fields.lel.unit" in done.out
    assert asked("profile", "check", data_dir / "none.toml", "--data-dir", data_dir).code == 2
