"""What CSV, UltraLight, line protocol and bare text ask of a profile: file, key, problem and remedy of each mistake."""

from typing import Any

import pytest

from gateway.config.profiles import load_profiles
from gateway.errors import ConfigError, ConfigErrors

BASE: dict[str, Any] = {
    "name": "thing", "topic": "x/{device}", "interval_secs": 60, "identity": {"topic": "{device}"},
    "time": {"path": "t", "format": "unix_s"}, "fields": {"v": {"path": "v", "unit": "1"}},
}  # fmt: skip
CSV: dict[str, Any] = {"codec": "csv", "csv": {"columns": ["t", "v"]}}
TEXT: dict[str, Any] = {"codec": "text", "time": {"format": "receipt"}, "fields": {"v": {"path": "$", "unit": "1"}}}
LINES: dict[str, Any] = {"codec": "line_protocol"}
UL: dict[str, Any] = {"codec": "ultralight"}


def errors(*changes: dict[str, Any]) -> list[ConfigError]:
    table: dict[str, Any] = dict(BASE)
    for change in changes:
        table |= change
    try:
        load_profiles({"thing": {key: value for key, value in table.items() if value is not None}})
    except ConfigErrors as several:
        return list(several.problems)
    except ConfigError as one:
        return [one]
    return []


@pytest.mark.parametrize(
    "given",
    [
        CSV, TEXT, LINES, UL, {**CSV, "csv": {"header": True}}, {**CSV, "csv": {"pairs": "=", "delimiter": ";"}},
        {**CSV, "csv": None, "time": {"path": "0", "format": "unix_s"}, "fields": {"v": {"path": "1", "unit": "1"}}},
        {**CSV, "csv": {"columns": ["d", "c", "v"], "joined": {"t": ["d", "c"]}}},
        {**LINES, "line_protocol": {"measurement": "m"}}, {**LINES, "identity": {"path": "a.b[ {"}},
        {**CSV, "fields": {"v": {"path": "PM2.5 [ug]", "unit": "1"}}, "csv": {"header": True, "delimiter": "\t"}},
        {**LINES, "identity": {"path": "@"}, "time": {"path": "$", "format": "unix_s"}},
        {**UL, "identity": {"path": "^.x"}}, {**CSV, "compression": "zstd"}, {**UL, "compression": "deflate"},
    ],
)  # fmt: skip
def test_what_fits_together_loads(given: dict[str, Any]) -> None:
    assert errors(given) == []


@pytest.mark.parametrize(
    ("given", "change", "key", "problem"),
    [
        (CSV, {"codec": "xml"}, "codec", "must be"),
        (CSV, {"compression": "lz4"}, "compression", "must be"),
        ({}, {"csv": {}}, "csv", "belongs to the codec csv, and this is json"),
        (UL, {"line_protocol": {}}, "line_protocol", "belongs to the codec line_protocol"),
        (CSV, {"time": None}, "time", "missing"),
        (UL, {"fields": {"v": {"path": ["v", "w"], "unit": "1"}}}, "fields.v.path", "has one name"),
        (CSV, {"fields": {"v": {"path": "v", "time": "t", "unit": "1"}}}, "fields.v.time", "one time a record"),
        (UL, {"time": {"path": "t", "format": "rfc3339", "numbers": "unix_s"}}, "time.numbers", "all times are texts"),
        (LINES, {"wrap_in": "device"}, "wrap_in", "does not belong to line_protocol"),
        (UL, {"records": {"path": "[]"}}, "records", "no objects"),
        (LINES, {"redact": {"paths": ["pin"]}}, "redact.paths", "no objects"),
        (CSV, {"identity": {"object_key": True}}, "identity.object_key", "no objects"),
        (TEXT, {"records": {"path": "[]"}}, "records", "no objects"),
        (UL, {"identity": {"base_name": True}}, "identity.base_name", "only SenML"),
        (CSV, {"ignore": [{"path": "v", "equals": 1, "reason": "no_reading"}]}, "ignore[0].path", "csv"),
        (TEXT, {"time": BASE["time"]}, "time.format", "no time"),
        (TEXT, {"identity": {"path": "id"}}, "identity.path", "no identity"),
        (TEXT, {"sequence": {"path": "n"}}, "sequence", "no number"),
        (TEXT, {"fields": BASE["fields"]}, "fields.v.path", "no parts"),
        (CSV, {"csv": {"columns": ["t", "v"], "delimiter": ";;"}}, "csv.delimiter", "one sign"),
        (CSV, {"csv": {"columns": ["t", "v"], "delimiter": "a"}}, "csv.delimiter", "one sign"),
        (CSV, {"csv": {"columns": ["t", "v"], "delimiter": "\n"}}, "csv.delimiter", "one sign"),
        (CSV, {"csv": {"columns": ["t", "v"], "decimal": ","}}, "csv.decimal", "delimiter too"),
        (CSV, {"csv": {"pairs": ","}}, "csv.pairs", "delimiter too"),
        (CSV, {"csv": {"pairs": ",", "delimiter": ";", "decimal": ","}}, "csv.pairs", "decimal sign too"),
        (CSV, {"csv": {"pairs": "=", "header": True}}, "csv.pairs", "beside header"),
        (CSV, {"csv": {"columns": ["t", "v"], "header": True}}, "csv.columns", "beside header"),
        (CSV, {"csv": {"columns": ["t", "v", "t"]}}, "csv.columns[2]", "there already"),
        (CSV, {"csv": {"columns": ["t", "v"], "joined": {"t": ["t", "v"]}}}, "csv.joined.t", "is a column too"),
        (CSV, {"csv": {"columns": ["t", "v"], "joined": {"x": ["t"]}}}, "csv.joined.x", "at least 2"),
        (CSV, {"csv": {"columns": ["t", "v"], "joined": {"x": ["t", "z"]}}}, "csv.joined.x[1]", "no column"),
        (CSV, {"csv": {"columns": ["t", "w"]}}, "fields.v.path", "no column"),
        (CSV, {"csv": {"columns": ["v"]}}, "time.path[0]", "no column"),
        (CSV, {"identity": {"path": "id"}}, "identity.path", "no column"),
        (CSV, {"sequence": {"path": "n"}}, "sequence.path", "no column"),
        (CSV, {"sequence": {"path": "t", "scope": "n"}}, "sequence.scope", "no column"),
        (CSV, {"csv": None, "fields": {"v": {"path": "01", "unit": "1"}}, "time": {"path": "0", "format": "unix_s"}},
         "fields.v.path", "no position"),
        (CSV, {"csv": {"colums": ["t", "v"]}}, "csv.colums", "not known"),
        (LINES, {"line_protocol": {"measurements": "m"}}, "line_protocol.measurements", "not known"),
    ],
)  # fmt: skip
def test_every_mistake_names_file_key_and_remedy(
    given: dict[str, Any], change: dict[str, Any], key: str, problem: str
) -> None:
    found = errors(given, change)
    mine = [error for error in found if error.key == key]
    assert mine, [(error.key, error.what) for error in found]
    assert mine[0].file == "thing.toml"
    assert problem in mine[0].what
    assert mine[0].remedy


def test_of_a_profile_with_a_wrong_value_the_rest_is_judged_all_the_same() -> None:
    found = errors(CSV, {"csv": {"columns": ["t"], "delimiter": ""}, "time": {"path": "t", "format": "unix"}})
    assert {error.key for error in found} == {"csv.delimiter", "time.format", "fields.v.path"}


def test_a_misspelt_key_gets_the_nearest_one() -> None:
    (found,) = errors(CSV, {"csv": {"columns": ["t", "v"], "delimeter": ";"}})
    assert found.remedy == "Did you mean csv.delimiter?"
