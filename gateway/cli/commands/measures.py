"""Measurements: what it costs, and how good it is."""

from gateway.cli.commands.table import Group, command

__all__ = ["GROUPS"]

_BENCH = (
    command(
        "ingest",
        "gateway.cli.bench:ingest",
        "Measure the real path from broker to store: CPU a message, latencies, loss.",
        "cityloom bench ingest",
        "cityloom bench ingest --messages 500000 --devices 5000 --repeat 5 --json | tail -n 1",
        "cityloom bench ingest --store influx-sink --rate 5000",
        "cityloom bench ingest --vs telegraf --repeat 2",
        "cityloom bench ingest --vs telegraf --vs my_script.py --store influxd --messages 200000",
    ),
    command(
        "engine",
        "gateway.cli.bench_engine:engine",
        "Measure the engine alone: CPU a reading, state a series.",
        "cityloom bench engine --series 100000",
        "cityloom bench engine --series 100000 --json | tail -n 1",
    ),
    command(
        "latency",
        "gateway.cli.bench_latency:latency",
        "Measure under load how soon others see a value, an alarm, a row.",
        "cityloom bench latency",
        "cityloom bench latency --rate 10000 --seconds 60 --json | tail -n 1",
        "cityloom bench latency --store http://127.0.0.1:8086 --broker 127.0.0.1:1883",
    ),
    command(
        "api",
        "gateway.cli.bench_api:api",
        "Ask the query API over millions of readings while a load runs.",
        "cityloom bench api",
        "cityloom bench api --readings 1000000 --seconds 20 --json | tail -n 1",
        "cityloom bench api --store http://127.0.0.1:8086",
    ),
    command(
        "live",
        "gateway.cli.bench_live:live",
        "Let a thousand readers of live streams read, some of them stalled.",
        "cityloom bench live",
        "cityloom bench live --readers 200 --stalled 20 --seconds 20 --json | tail -n 1",
    ),
    command(
        "scale",
        "gateway.cli.bench_scale:scale",
        "Measure curves over devices, rates, readings, windows; a picture each.",
        "cityloom bench scale devices --out curves",
        "cityloom bench scale rate --values 5000,10000,20000 --devices 5000",
        "cityloom bench scale --quick --picture svg --json | tail -n 1",
    ),
    command(
        "backlog",
        "gateway.cli.bench_backlog:backlog",
        "Measure a start behind a backlog: time to listen, drain, be live.",
        "cityloom bench backlog",
        "cityloom bench backlog --messages 1000000 --json | tail -n 1",
    ),
)

_SCORE = (
    command(
        "nab",
        "gateway.cli.score:nab",
        "Score the general detector by the Numenta Anomaly Benchmark's measure.",
        "cityloom score nab data/nab",
        "cityloom score nab data/nab --at-least 80",
        "cityloom score nab data/nab --json | tail -n 1",
    ),
    command(
        "leaks",
        "gateway.cli.score_leaks:leaks",
        "Score the leak detector on the BattLeDIM 2019 year.",
        "cityloom score leaks data/water",
        "cityloom score leaks data/water --sensitivity",
        "cityloom score leaks data/water --json | tail -n 1",
    ),
    command(
        "truth",
        "gateway.cli.score_truth:truth",
        "Compare what was stored, counted and raised with the truth of a run.",
        "cityloom score truth RUN --data-dir data",
        "cityloom score truth RUN -c cityloom.toml --at-most 3 --ignore device.silent",
        "cityloom score truth RUN --picture png --json | tail -n 1",
    ),
)

GROUPS = (
    Group("bench", "What it costs on this machine.", _BENCH),
    Group("score", "How good the detectors are, on data with known truth.", _SCORE),
)
