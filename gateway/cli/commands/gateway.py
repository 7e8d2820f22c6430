"""The gateway and its data: running it, looking at what it took in."""

from gateway.cli.commands.table import Group, command

__all__ = ["GROUPS"]

_CITYLOOM = (
    command(
        "check",
        "gateway.cli.check:check",
        "Check configuration, city, devices, profiles and files without connecting.",
        "cityloom check -c cityloom.toml",
        "CITYLOOM_MQTT__HOST=broker.example cityloom check",
        "cityloom check -c cityloom.toml --json | tail -n 1",
    ),
    command(
        "demo",
        "gateway.cli.demo:demo",
        "Show the whole job on this machine: broker, 467 devices, gateway, database.",
        "cityloom demo",
        "cityloom demo --for 30s --json | tail -n 1",
        "cityloom demo --speed 600 --data-dir /tmp/city",
        "cityloom demo --faults duplicate=0.02,late=0.05:90,invalid=0.01",
        "cityloom demo --scenario burst-main --data-dir burst --truth RUN",
    ),
    command(
        "run",
        "gateway.cli.run:run",
        "Run the gateway until Ctrl-C.",
        "cityloom run -c cityloom.toml",
        "CITYLOOM_MQTT__HOST=broker.example cityloom run --data-dir /var/lib/cityloom",
    ),
    command(
        "api",
        "gateway.cli.api:api",
        "Serve the console, the query API and live streams of a gateway; `run` does it, too.",
        "cityloom api -c cityloom.toml",
        "cityloom api --data-dir /var/lib/cityloom --port 8500",
    ),
    command(
        "reload",
        "gateway.cli.reload:reload",
        "Let a gateway read its files again, as SIGHUP does, and apply them.",
        "cityloom reload --check",
        "cityloom reload -c cityloom.toml",
        "cityloom reload --json | tail -n 1",
    ),
    command(
        "status",
        "gateway.cli.inspect:status",
        "Show rates, queues, stores and ledger of a gateway.",
        "cityloom status",
        "cityloom status --watch",
        "cityloom status -c cityloom.toml --json | tail -n 1",
    ),
    command(
        "ledger",
        "gateway.cli.inspect:ledger",
        "Show the account of every message and reading.",
        "cityloom ledger",
        "cityloom ledger --verify",
        "cityloom ledger --device loop-0001",
    ),
    command(
        "series",
        "gateway.cli.inspect:series",
        "List series by a part of their name.",
        "cityloom series",
        "cityloom series loop -n 10",
        "cityloom series speed --json",
    ),
    command(
        "read",
        "gateway.cli.inspect:read",
        "Read readings or aggregates back.",
        "cityloom read loop-0001 speed --last 30m",
        "cityloom read loop-0001 --step 15m --from 2026-03-02T06:00 --format csv",
    ),
    command(
        "figures",
        "gateway.cli.figures:figures",
        "List or read the figures that conditions compute.",
        "cityloom figures",
        "cityloom figures traffic.congestion --asset tianhe-road-1 --last 6h",
        "cityloom figures traffic.congestion --from 2026-03-02 --to 2026-03-03 --format csv",
    ),
    command(
        "trace",
        "gateway.cli.trace:trace",
        "Show the way of one reading: message, flags, windows, alarms, stores.",
        "cityloom trace loop-0001 2026-03-02T07:15",
        "cityloom trace gas-0007 2026-03-01T23:15:00Z --json | tail -n 1",
    ),
    command(
        "listen",
        "gateway.cli.listen:listen",
        "Show what a broker's devices say: topics, rates, samples, and which profile reads them or why none does.",
        "cityloom listen --broker 127.0.0.1:1883",
        (
            "cityloom listen --broker mqtts://broker.example --username me --password-file p.txt --topic 'plant/#' "
            "--for 5m"
        ),
        "cityloom listen --topic 'plant/+/noise/#' --save noise.jsonl.gz",
        "cityloom listen -c cityloom.toml --for 1m --json | tail -n 1",
    ),
    command(
        "replay",
        "gateway.cli.replay:replay",
        "Send recorded messages through the same engine. (Others' measurements, as devices: `cityloom sim replay`.)",
        "cityloom replay monday.jsonl.gz --data-dir /tmp/monday",
        "cityloom replay a.jsonl b.jsonl --json | tail -n 1",
    ),
    command(
        "version",
        "gateway.cli.version:version",
        "Show the versions of CityLoom and of what it stands on.",
        "cityloom version --json",
    ),
)

GROUPS = (Group("", "", _CITYLOOM),)
