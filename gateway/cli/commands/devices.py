"""Devices: how a kind of device speaks, and simulated ones."""

from gateway.cli.commands.table import Group, command

__all__ = ["GROUPS"]

_PROFILES = (
    command(
        "try",
        "gateway.cli.profile:try_profile",
        "Try a profile on messages: readings with flags, and what fails and why.",
        "cityloom profile try noise.toml noise.jsonl.gz",
        "cityloom profile try tasmota body.json --topic tele/tasmota_A1B2C3/SENSOR",
        "cityloom profile try noise.toml noise.jsonl.gz --show 0 --json | tail -n 1",
    ),
    command(
        "check",
        "gateway.cli.profile_check:check",
        "Compare a changed profile with the one in force, on messages that the gateway received lately.",
        "cityloom profile check profiles/noise.toml",
        "cityloom profile check new-loop.toml --replaces loop-detector -n 1000",
        "cityloom profile check profiles/noise.toml --json | tail -n 1",
    ),
    command(
        "draft",
        "gateway.cli.profile_draft:profile_draft",
        "Write a first profile of messages; units are left to fill in.",
        "cityloom profile draft noise.jsonl.gz --name noise-meter --out noise-meter.toml",
        "cityloom profile draft all.jsonl.gz --topic 'plant/+/noise/#'",
        "cityloom profile draft body.json --topic plant/noise/n-17",
    ),
    command(
        "list",
        "gateway.cli.profile:listing",
        "List the profiles that are configured or built in.",
        "cityloom profile list",
        "cityloom profile list -c cityloom.toml --json | tail -n 1",
    ),
    command(
        "show",
        "gateway.cli.profile:show",
        "Print a profile's file, to start one of your own from.",
        "cityloom profile show tasmota > profiles/my-plugs.toml",
    ),
)

_SIM = (
    command(
        "replay",
        "gateway.cli.sim_replay:replay",
        "Play others' recordings of measurements as devices that publish. (Recorded messages: `cityloom replay`.)",
        "cityloom sim replay battledim_2019_flows.csv battledim_2019_levels.csv --speed 3600 --site ltown",
        "cityloom sim replay speeds.csv --kind segment-speed --quantity speed --unit mph --zone tianhe --loop",
        "cityloom sim replay flows.parquet --map meters.toml --origin 2026-03-02T00:00 --for 10m --json | tail -n 1",
        "cityloom sim replay year.csv --record year.jsonl.gz    # then: cityloom replay year.jsonl.gz",
    ),
    command(
        "water",
        "gateway.cli.sim_physics:water",
        "Compute a water network's hydraulics; its devices publish.",
        "cityloom sim water --speed 60 --site net3",
        "cityloom sim water L-TOWN.inp --origin 2026-03-02T00:00 --leak p523=20@3h-5h --physics leaks.csv",
        "cityloom sim water Net1 --for 24h --record net1.jsonl.gz --site net1",
    ),
    command(
        "grid",
        "gateway.cli.sim_physics:grid",
        "Compute a low-voltage feeder's power flow; its devices publish.",
        "cityloom sim grid --speed 60 --site lv",
        "cityloom sim grid --shapes European_LV_CSV.zip --load 899a=12@1h-3h --for 4h --record lv.jsonl.gz --site lv",
    ),
    command(
        "run",
        "gateway.cli.sim_run:run",
        "Run simulated devices against a broker.",
        "cityloom sim run --broker 127.0.0.1:1883 --for 5m",
        "cityloom sim run --speed 60 --origin 2026-03-03T08:00:00+08:00 --truth RUN --for 2m",
        (
            "cityloom sim run --scenario evening-of-trouble --no-recordings --faults duplicate=0.02,late=0.05:90 "
            "--truth RUN"
        ),
        "cityloom sim run --messages 5000 --json | tail -n 1",
    ),
    command(
        "load",
        "gateway.cli.sim_load:load",
        "Send thousands of messages a second by the clock, and measure the answers.",
        "cityloom sim load --rate 20000 --devices 100000 --for 2m",
        "cityloom sim load --rate 5000 --broker mqtts://broker.example --ca-file ca.pem --for 1m",
        "cityloom sim load --rate 150000 --devices 5000 --connections 4 --for 30s --json | tail -n 1",
    ),
    command(
        "sparkplug",
        "gateway.cli.sim_sparkplug:sparkplug",
        "Run Sparkplug B edge nodes against a broker.",
        "cityloom sim sparkplug --nodes 5 --devices 10 --for 5m",
        "cityloom sim sparkplug --lose 0.02 --cut-every 5m --cut-for 1m --truth RUN --for 30m",
        "cityloom sim sparkplug --broker mqtts://broker.example --username {node} --password-file secret --qos 1",
        "cityloom sim sparkplug --interval 1s --for 30s --json | tail -n 1",
    ),
    command(
        "describe",
        "gateway.cli.sim_describe:describe",
        "Show what a city of any size is made of; write its files.",
        "cityloom sim describe",
        "cityloom sim describe --devices 100000",
        "cityloom sim describe --devices 5000 --write city && cityloom check -c city/cityloom.toml",
    ),
    command(
        "scenarios",
        "gateway.cli.sim_scenarios:scenarios",
        "List the scripts of what goes wrong, or show one.",
        "cityloom sim scenarios",
        "cityloom sim scenarios day-of-trouble",
        "cityloom sim scenarios my-day.toml --json",
    ),
)

GROUPS = (
    Group("profile", "How a kind of device speaks: try it on messages, draft it from them.", _PROFILES),
    Group("sim", "Simulated devices: what a city's hardware would send.", _SIM),
)
