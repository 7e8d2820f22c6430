"""Which column is which device: by a file, by options, by the format."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from device_sims.replay.mapping import map_tables, read_mapping
from device_sims.replay.table import Column, Spec, Table


def _table(name: str, *columns: str, devices: Sequence[Spec] = ()) -> Table:
    return Table(Path(name), "CSV", columns, True, lambda: iter(()), tuple(devices))


def _file(folder: Path, text: str) -> Path:
    file = folder / "map.toml"
    file.write_text(text, encoding="utf-8")
    return file


GOOD = """
zone = "dma-1"
kind = "water-flow"
[[devices]]
id = "Flow 17"
at = "inlet"
columns = { flow = { column = "F17", unit = "l/s" } }
[[devices]]
id = "t"
kind = "reservoir-level"
file = "b.csv"
at = "tank"
facts = { m3 = 800, height_m = 4 }
zone = "dma-2"
columns = { level = { column = "T", unit = "mm" } }
"""


def test_a_file_maps_columns_of_several_tables(tmp_path: Path) -> None:
    listed, zone = read_mapping(_file(tmp_path, GOOD))

    first, second = map_tables([_table("a.csv", "x", "F17", "T"), _table("b.csv", "T")], listed, zone)

    assert [(m.spec.id, m.spec.zone, m.spec.at, m.places) for m in first] == [
        ("flow-17", "dma-1", "inlet", {"flow": (1, 3.6)}),
    ]
    assert [(m.spec.id, m.spec.zone, m.kind.profile, m.places) for m in second] == [
        ("t", "dma-2", "reservoir-level", {"level": (0, 0.001)}),
    ]
    assert second[0].spec.facts == {"m3": 800.0, "height_m": 4.0}


def test_an_option_makes_a_device_of_each_column_and_of_the_file_where_it_has_one() -> None:
    option = ("segment-speed", "speed", "mph")
    several, one = map_tables([_table("a.csv", "North Road", "b_2"), _table("ring.csv", "value")], [], "z", option)
    assert [m.spec.id for m in several] == ["north-road", "b-2"]
    assert [m.spec.id for m in one] == ["ring"]


def test_a_format_that_says_what_it_is_needs_neither() -> None:
    spec = Spec("d", "water-flow", {"flow": Column("F", "m3/h")})
    ((mapped,),) = map_tables([_table("a.csv", "F", devices=[spec])], [], "z")
    assert (mapped.spec.id, mapped.spec.zone) == ("d", "z")


def test_without_a_word_about_the_columns_it_says_which_there_are() -> None:
    with pytest.raises(ValueError, match=r"a.csv is CSV with the columns x, y: say what they are by --map"):
        map_tables([_table("a.csv", "x", "y")], [], "z")


def test_two_devices_of_one_name_are_an_error() -> None:
    with pytest.raises(ValueError, match="two devices are called value"):
        map_tables(
            [_table("a.csv", "value", "b"), _table("b.csv", "value", "c")], [], "z", ("segment-speed", "speed", "mph")
        )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('column = "F17"', 'column = "F18"', "device flow-17: .* has no F18"),
        ('unit = "l/s"', 'unit = "gpm"', "device flow-17: unit 'gpm' is not known"),
        ('unit = "l/s"', 'unit = "V"', "device flow-17: flow of water-flow is stored in m3/h, which V is not"),
        ("{ flow =", "{ speed =", "device flow-17: water-flow has no 'speed'"),
        ('at = "inlet"', 'at = "roof"', r"devices\[0\].at 'roof' is none of inlet, outlet, tank, critical"),
        ('id = "Flow 17"', "", r"devices\[0\] has no id"),
        ('kind = "water-flow"', "", r"devices\[0\] has no kind"),
        ('id = "Flow 17"', 'ident = "x"', r"devices\[0\]: ident is not known"),
        ('{ flow = { column = "F17", unit = "l/s" } }', "3", r"devices\[0\].columns says which column"),
        ('{ column = "F17", unit = "l/s" }', '"F17"', r"devices\[0\].columns.flow must have `column` and `unit`"),
        ('zone = "dma-1"', "zone =", "is not TOML"),
        ('file = "b.csv"', 'file = "c.csv"', "device t: c.csv has no T"),
    ],
)
def test_what_is_wrong_in_a_mapping_is_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    file = _file(tmp_path, GOOD.replace(before, after, 1))
    with pytest.raises(ValueError, match=said):
        map_tables([_table("a.csv", "F17"), _table("b.csv", "T")], *read_mapping(file))


def test_a_mapping_without_devices_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there are no \[\[devices\]\]"):
        read_mapping(_file(tmp_path, 'zone = "a"\n'))
