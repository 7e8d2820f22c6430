"""Letters of the flat formats, each from the document of its format."""

from device_sims.encoders.flat import UInt, csv_line, csv_pairs, influx_line, number, ultralight


def test_numbers_have_their_decimals_and_point() -> None:
    assert [number(1.25, 1), number(-3.0, 2, ","), number(None, 1)] == ["1.2", "-3,00", ""]


def test_csv_quotes_what_holds_a_delimiter_or_a_quote() -> None:
    assert csv_line(["a", "b;c", 'd"e', ""], ";") == 'a;"b;c";"d""e";'
    assert csv_line(["a,b", "it's"], ",", "'") == "'a,b','it''s'"
    assert csv_pairs({"k": "1", "u": "2,5"}) == "k=1;u=2,5;"


def test_ultralight_groups_with_and_without_a_time() -> None:
    groups = [("2026-03-01T12:00:00Z", {"t": "15.2", "h": "48"}), ("", {"t": "15.3"})]
    assert ultralight(groups) == b"2026-03-01T12:00:00Z|t|15.2|h|48#t|15.3"


def test_line_protocol_types_and_escapes() -> None:
    fields: dict[str, float | bool | str] = {
        "f": 21.5,
        "i": 12,
        "u": UInt(12),
        "b": True,
        "s": 'a "b" \\',
        "k,=": -1e-9,
    }
    line = influx_line("my weather", {"dev id": "a,b=c"}, fields, 1_772_366_400)
    expected = r'my\ weather,dev\ id=a\,b\=c f=21.5,i=12i,u=12u,b=true,s="a \"b\" \\",k\,\==-1e-09 1772366400'
    assert line == expected
    assert influx_line("m", {}, {"v": False}, None) == "m v=false"
