"""Rules that join options: each broken one is said with its key."""

import pytest

from gateway.config.load import load_settings
from tests.gateway.config.conftest import Problems

TWO = '[[sources]]\nname = "a"\nfilters = ["a/#"]\n[[sources]]\nname = "b"\n'
NUMBERED = TWO.replace('"b"', '"a-2"').replace('["a/#"]', '["a/#"]\nconnections = 2') + 'filters = ["b/#"]'
SHARED = TWO.replace('["a/#"]', '["a/#"]\nshare_name = "one"') + 'filters = ["b/#"]\nshare_name = "two"'
EIGHT = "".join(f'[[sources]]\nname = "s{k}"\nfilters = ["{k}/#"]\n' for k in range(8))
SAME_BUCKET = '[stores.influxdb]\nenabled = true\ntoken = "t"\nraw_bucket = "cityloom_fine"'


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("[mqtt]\nkeep_alive_secs = 5", {"mqtt.keep_alive_secs"}),
        ("[mqtt]\nsession_expiry_secs = 0", {"mqtt.session_expiry_secs"}),
        ('[mqtt]\ntls = "on"\ncert_file = "c"', {"mqtt.key_file"}),
        ('[mqtt]\ntls = "on"\nkey_file = "k"', {"mqtt.cert_file"}),
        ('[mqtt]\nca_file = "c"\nserver_name = "s"', {"mqtt.ca_file", "mqtt.server_name"}),
        ('[mqtt]\nfilters = ["a/#/b"]', {"mqtt.filters"}),
        ("[stores.duckdb]\nenabled = false", {"stores"}),
        ("[stores.influxdb]\nenabled = true", {"stores.influxdb.token"}),
        (SAME_BUCKET, {"stores.influxdb.raw_bucket"}),
        ('[clock]\nkind = "scaled"', {"clock.origin", "clock.start"}),
        ("[clock]\nspeed = 2", {"clock.speed"}),
        ("[clock]\norigin = 2026-03-02T06:00:00Z", {"clock.origin"}),
        ("[bounds]\nmax_decompressed_bytes = 1000", {"bounds.max_decompressed_bytes"}),
        ("[inbox]\nquota_bytes = 2000000", {"inbox.quota_bytes"}),
        ("[engine]\nmax_ahead_secs = 10", {"engine.clock_bound_secs"}),
        ("[reviser]\nmax_age_secs = 10", {"reviser.quiet_secs"}),
        ('[mqtt]\nshare_name = "a/b"', {"mqtt.share_name"}),
        ('[mqtt]\nclient_id = "city/loom"\nconnections = 2', {"mqtt.client_id"}),
        ('[mqtt]\ncanary_topic = "city/#"', {"mqtt.canary_topic"}),
        ('[mqtt]\nconnections = 32\n' + EIGHT, {"sources"}),
        (NUMBERED, {"sources"}),
        (SHARED.replace('"b/#"', '"a/#"').replace('share_name = "two"', ""), {"sources[1].filters"}),
        (TWO, {"sources[1].filters"}),
        (TWO + 'filters = ["+/b"]', {"sources[1].filters"}),
        (TWO.replace('"b"', '"a"') + 'filters = ["b/#"]', {"sources[1].name", "sources[1].client_id"}),
        (TWO + 'filters = ["b/#"]\nkeep_alive_secs = 3', {"sources[1].keep_alive_secs"}),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said_with_its_key(problems: Problems, text: str, keys: set[str]) -> None:
    found = problems(text)

    assert set(found) == keys
    assert all(problem.remedy for problem in found.values())


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('[mqtt]\nport = "x"\n[stores.duckdb]\nenabled = false', {"mqtt.port", "stores"}),
        ('[mqtt]\nport = "x"\nkeep_alive_secs = 5', {"mqtt.port", "mqtt.keep_alive_secs"}),
        ('[engine]\nmax_ahead_secs = 10\nmax_devices = "x"', {"engine.max_devices", "engine.clock_bound_secs"}),
        (TWO.replace('"b"', '"a"') + 'filters = ["b/#"]\nport = 0', {"sources[1].port", "sources[1].name"}),
    ],
)
def test_a_wrong_value_hides_no_broken_rule(problems: Problems, text: str, keys: set[str]) -> None:
    assert set(problems(text)) == keys


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[stores.duckdb]\nenabled = "maybe"', "stores.duckdb.enabled"),
        ("stores = 5", "stores"),
        ('[stores.influxdb]\nenabled = true\ntoken_file = "gone"', "stores.influxdb.token_file"),
        ('[engine]\nmax_ahead_secs = "x"\nclock_bound_secs = 1e6', "engine.max_ahead_secs"),
        ('[clock]\nkind = "sundial"\nspeed = 2', "clock.kind"),
        ('[mqtt]\ntls = "maybe"\nca_file = "c"', "mqtt.tls"),
    ],
)
def test_a_rule_that_needs_a_wrong_value_is_not_judged(problems: Problems, text: str, key: str) -> None:
    assert set(problems(text)) == {key}


@pytest.mark.parametrize(
    "second",
    [
        'filters = ["b/#"]',
        'host = "other"',
        'filters = ["$share/g/b/+"]',
        'filters = ["b/#"]\nconnections = 4',
    ],
)
def test_sources_that_do_not_meet_are_fine(second: str) -> None:
    import tomllib

    assert len(load_settings(None, tomllib.loads(TWO + second)).sources) == 2


def test_members_of_one_shared_group_may_have_the_same_filter() -> None:
    shared = {"filters": ["$share/g/city/#"]}

    settings = load_settings(None, {"sources": [{"name": "a", **shared}, {"name": "b", **shared}]})

    assert [source.name for source in settings.sources] == ["a", "b"]


def test_more_sources_than_a_row_can_number_are_refused() -> None:
    from gateway.config.rules import broken_rules
    from gateway.config.settings import Settings

    tables = [{"name": f"s{k}", "filters": [f"s{k}/#"]} for k in range(256)]

    assert [broken.key for broken in broken_rules(Settings(sources=tables))] == ["sources"]  # type: ignore[arg-type]
    assert broken_rules(Settings(sources=tables[:3])) == []  # type: ignore[arg-type]
