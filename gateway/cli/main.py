"""The `cityloom` command: finds the command's function, turns what goes wrong into a sentence and an exit code.

Commands are functions in files beside this one, imported when called. A command gives its exit code (None = 0).

    0  done        1  what was asked for failed        130  Ctrl-C
    2  configuration, arguments or files need a person
"""

import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.markup import escape

from gateway.cli.text import clean
from gateway.errors import ConfigErrors, GatewayError

__all__ = ["app", "main"]

_LONGEST_LINE = 2000


def _default(value: Any) -> str | None:
    """How a default is shown in the help; that nothing is given isn't."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value) if value not in (None, "") else None


app = App(
    name="cityloom",
    help="Takes in a smart city's sensor streams over MQTT and turns them into flagged, windowed time series.",
    help_format="plaintext",
    help_epilogue="`cityloom COMMAND --help` explains a command, with examples.",
    version=lambda: version("cityloom"),
    default_parameter=Parameter(show_default=_default),
    result_action="return_value",
)


_dead_letters = App(name="dead-letters", help="What could not be used: look at it, send it through again.")
_stores = App(name="stores", help="Stores that were deleted or replaced.")
_alarms = App(name="alarms", help="What needs somebody, what happened, and what people decide.")
_incidents = App(name="incidents", help="Everything that is wrong in the city, and what belongs together.")
_reports = App(name="report", help="What citizens report, and what becomes of it.")
_notifications = App(name="notifications", help="Who was told of what, what waits, and what nobody took.")
_journal = App(name="journal", help="The files of a data folder: is anything damaged, and what can be saved.")
_profiles = App(name="profile", help="How a kind of device speaks: try it on messages, draft it from them.")
for _group in (_alarms, _incidents, _reports, _notifications, _dead_letters, _stores, _journal, _profiles):
    app.command(_group)


def _add(name: str, function: str, summary: str, *examples: str, to: App = app) -> None:
    """Register a command by the place of its function: `cityloom --help` waits for no database driver."""
    shown = "\n".join(("For example:", *(f"  {example}" for example in examples)))
    to.command(function, name=name, help=summary, help_epilogue=shown)


_add(
    "check", "gateway.cli.check:check", "Check configuration, city, devices, profiles and files without connecting.",
    "cityloom check -c cityloom.toml", "CITYLOOM_MQTT__HOST=broker.example cityloom check",
    "cityloom check -c cityloom.toml --json | tail -n 1",
)  # fmt: skip
_add(
    "demo", "gateway.cli.demo:demo", "Show the whole job on this machine: broker, 467 devices, gateway, database.",
    "cityloom demo", "cityloom demo --for 30s --json | tail -n 1", "cityloom demo --speed 600 --data-dir /tmp/city",
    "cityloom demo --faults duplicate=0.02,late=0.05:90,invalid=0.01",
    "cityloom demo --scenario burst-main --data-dir burst --truth RUN",
)  # fmt: skip
_add(
    "run", "gateway.cli.run:run", "Run the gateway until Ctrl-C.",
    "cityloom run -c cityloom.toml", "CITYLOOM_MQTT__HOST=broker.example cityloom run --data-dir /var/lib/cityloom",
)  # fmt: skip
_add(
    "reload", "gateway.cli.reload:reload", "Let a gateway read its files again, as SIGHUP does, and apply them.",
    "cityloom reload --check", "cityloom reload -c cityloom.toml", "cityloom reload --json | tail -n 1",
)  # fmt: skip
_add(
    "status", "gateway.cli.inspect:status", "Show rates, queues, stores and ledger of a gateway.",
    "cityloom status", "cityloom status --watch", "cityloom status -c cityloom.toml --json | tail -n 1",
)  # fmt: skip
_add(
    "ledger", "gateway.cli.inspect:ledger", "Show the account of every message and reading.",
    "cityloom ledger", "cityloom ledger --verify", "cityloom ledger --device loop-0001",
)  # fmt: skip
_add(
    "series", "gateway.cli.inspect:series", "List series by a part of their name.",
    "cityloom series", "cityloom series loop -n 10", "cityloom series speed --json",
)  # fmt: skip
_add(
    "read", "gateway.cli.inspect:read", "Read readings or aggregates back.",
    "cityloom read loop-0001 speed --last 30m",
    "cityloom read loop-0001 --step 15m --from 2026-03-02T06:00 --format csv",
)  # fmt: skip
_add(
    "figures", "gateway.cli.figures:figures", "List or read the figures that conditions compute.",
    "cityloom figures", "cityloom figures traffic.congestion --asset tianhe-road-1 --last 6h",
    "cityloom figures traffic.congestion --from 2026-03-02 --to 2026-03-03 --format csv",
)  # fmt: skip
_add(
    "trace", "gateway.cli.trace:trace", "Show the way of one reading: message, flags, windows, alarms, stores.",
    "cityloom trace loop-0001 2026-03-02T07:15", "cityloom trace gas-0007 2026-03-01T23:15:00Z --json | tail -n 1",
)  # fmt: skip
_add(
    "list", "gateway.cli.alarms:listing", "List alarms, the most urgent first.",
    "cityloom alarms list", "cityloom alarms list --domain gas --priority 2", "cityloom alarms list --all --json",
    to=_alarms,
)  # fmt: skip
_add(
    "history", "gateway.cli.alarms:history", "Show what happened to alarms, the newest first.",
    "cityloom alarms history", "cityloom alarms history 3f0c2a", "cityloom alarms history --asset gas-0001 -n 20",
    to=_alarms,
)  # fmt: skip
_add(
    "ack", "gateway.cli.alarms:ack", "Acknowledge alarms.", "cityloom alarms ack 3f0c2a 81b09d --who wang", to=_alarms,
)  # fmt: skip
_add(
    "shelve", "gateway.cli.alarms:shelve", "Put alarms aside for a time.",
    'cityloom alarms shelve 3f0c2a --for 8h --reason "sensor is being exchanged"', to=_alarms,
)  # fmt: skip
_add("reset", "gateway.cli.alarms:reset", "Close latched alarms that are over.", "cityloom alarms reset 3f0c2a",
     to=_alarms)  # fmt: skip
_add("unshelve", "gateway.cli.alarms:unshelve", "Bring shelved alarms back.", "cityloom alarms unshelve 3f0c2a",
     to=_alarms)  # fmt: skip
_add(
    "comment", "gateway.cli.alarms:comment", "Write something beside an alarm.",
    'cityloom alarms comment 3f0c2a "crew is on its way"', to=_alarms,
)  # fmt: skip
_add(
    "out-of-service", "gateway.cli.alarms:out_of_service", "Take alarms out of service.",
    'cityloom alarms out-of-service 3f0c2a --reason "road works until May"', to=_alarms,
)  # fmt: skip
_add("in-service", "gateway.cli.alarms:in_service", "Bring alarms back into service.",
     "cityloom alarms in-service 3f0c2a", to=_alarms)  # fmt: skip
_add(
    "list", "gateway.cli.incidents:listing", "List incidents, the newest first.",
    "cityloom incidents list --open", "cityloom incidents list --domain water -n 10",
    "cityloom incidents list --open --json | tail -n 1",
    to=_incidents,
)  # fmt: skip
_add(
    "show", "gateway.cli.incidents:show", "Show one incident: likely first cause, alarms, reports, what happened.",
    "cityloom incidents show 1c2d3e4f5a6b", "cityloom incidents show 1c2d3e4 --json | tail -n 1", to=_incidents,
)  # fmt: skip
_add(
    "add", "gateway.cli.reports:add", "Take down a report.",
    'cityloom report add "no water since seven" --kind no-water --at 113.3265,23.1355',
    'cityloom report add "smells of gas in the stairway" --kind gas-smell --zone tianhe --id 12345-2026-000817',
    'echo 13800138000 | cityloom report add "dark street" --kind power-out --asset tx-tianhe-11 --contact -',
    to=_reports,
)  # fmt: skip
_add(
    "list", "gateway.cli.reports:listing", "List reports, the most urgent first.",
    "cityloom report list", "cityloom report list --late", "cityloom report list --all --kind no-water --json",
    to=_reports,
)  # fmt: skip
_add(
    "show", "gateway.cli.reports:show", "Show one report, and what happened to it.",
    "cityloom report show r-3f0c2a81", "cityloom report show r-3f0c2a81 --contact", to=_reports,
)  # fmt: skip
_add(
    "advance", "gateway.cli.reports:advance", "Bring a report on: accepted, dispatched, resolved, confirmed, reopened.",
    "cityloom report advance r-3f0c2a81 accepted --who wang",
    'cityloom report advance r-3f0c2a81 resolved --note "valve was closed"',
    to=_reports,
)  # fmt: skip
_add(
    "list", "gateway.cli.dead_letters:listing", "List dead letters, newest first.",
    "cityloom dead-letters list --reason unreadable -n 10", to=_dead_letters,
)  # fmt: skip
_add(
    "show", "gateway.cli.dead_letters:show", "Show one dead letter whole.",
    "cityloom dead-letters show 1f0c2a9b77e3", to=_dead_letters,
)  # fmt: skip
_add(
    "replay", "gateway.cli.dead_letters:replay", "Send dead letters through the engine again.",
    "cityloom dead-letters replay 1f0c2a9b77e3", "cityloom dead-letters replay --reason device_unknown",
    to=_dead_letters,
)  # fmt: skip
_add(
    "purge", "gateway.cli.dead_letters:purge", "Delete dead letters for good; they stay counted.",
    "cityloom dead-letters purge --reason topic_unknown", to=_dead_letters,
)  # fmt: skip
_add(
    "list", "gateway.cli.notifications:listing", "List messages, the newest first.",
    "cityloom notifications list", "cityloom notifications list --state failed --json", to=_notifications,
)  # fmt: skip
_add("retry", "gateway.cli.notifications:retry", "Send messages that failed once more.",
     "cityloom notifications retry 3f0c2a81", to=_notifications)  # fmt: skip
_add(
    "listen", "gateway.cli.listen:listen",
    "Show what a broker's devices say: topics, rates, samples, and which profile reads them or why none does.",
    "cityloom listen --broker 127.0.0.1:1883",
    "cityloom listen --broker mqtts://broker.example --username me --password-file p.txt --topic 'plant/#' --for 5m",
    "cityloom listen --topic 'plant/+/noise/#' --save noise.jsonl.gz",
    "cityloom listen -c cityloom.toml --for 1m --json | tail -n 1",
)  # fmt: skip
_add(
    "try", "gateway.cli.profile:try_profile", "Try a profile on messages: readings with flags, and what fails and why.",
    "cityloom profile try noise.toml noise.jsonl.gz",
    "cityloom profile try tasmota body.json --topic tele/tasmota_A1B2C3/SENSOR",
    "cityloom profile try noise.toml noise.jsonl.gz --show 0 --json | tail -n 1",
    to=_profiles,
)  # fmt: skip
_add(
    "draft", "gateway.cli.profile_draft:profile_draft", "Write a first profile of messages; units are left to fill in.",
    "cityloom profile draft noise.jsonl.gz --name noise-meter --out noise-meter.toml",
    "cityloom profile draft all.jsonl.gz --topic 'plant/+/noise/#'",
    "cityloom profile draft body.json --topic plant/noise/n-17",
    to=_profiles,
)  # fmt: skip
_add(
    "list", "gateway.cli.profile:listing", "List the profiles that are configured or built in.",
    "cityloom profile list", "cityloom profile list -c cityloom.toml --json | tail -n 1", to=_profiles,
)  # fmt: skip
_add(
    "show", "gateway.cli.profile:show", "Print a profile's file, to start one of your own from.",
    "cityloom profile show tasmota > profiles/my-plugs.toml", to=_profiles,
)  # fmt: skip
_add(
    "adopt", "gateway.cli.stores:adopt", "Go on with a store that was deleted or replaced.",
    "cityloom stores adopt duckdb", to=_stores,
)  # fmt: skip
_add(
    "check", "gateway.cli.journal:check", "Read every file of a data folder through and say what is damaged.",
    "cityloom journal check", "cityloom journal check --data-dir data --json | tail -n 1", to=_journal,
)  # fmt: skip
_add(
    "salvage", "gateway.cli.journal:salvage", "Save what is whole of damaged files; say what is gone.",
    "cityloom journal salvage", "cityloom journal salvage --data-dir data --json | tail -n 1", to=_journal,
)  # fmt: skip
_add(
    "replay", "gateway.cli.replay:replay",
    "Send recorded messages through the same engine. (Others' measurements, as devices: `cityloom sim replay`.)",
    "cityloom replay monday.jsonl.gz --data-dir /tmp/monday",
    "cityloom replay a.jsonl b.jsonl --json | tail -n 1",
)  # fmt: skip
_sim = App(name="sim", help="Simulated devices: what a city's hardware would send.")
app.command(_sim)
_add(
    "replay", "gateway.cli.sim_replay:replay",
    "Play others' recordings of measurements as devices that publish. (Recorded messages: `cityloom replay`.)",
    "cityloom sim replay battledim_2019_flows.csv battledim_2019_levels.csv --speed 3600 --site ltown",
    "cityloom sim replay speeds.csv --kind segment-speed --quantity speed --unit mph --zone tianhe --loop",
    "cityloom sim replay flows.parquet --map meters.toml --origin 2026-03-02T00:00 --for 10m --json | tail -n 1",
    "cityloom sim replay year.csv --record year.jsonl.gz    # then: cityloom replay year.jsonl.gz",
    to=_sim,
)  # fmt: skip
_add(
    "water", "gateway.cli.sim_physics:water", "Compute a water network's hydraulics; its devices publish.",
    "cityloom sim water --speed 60 --site net3",
    "cityloom sim water L-TOWN.inp --origin 2026-03-02T00:00 --leak p523=20@3h-5h --physics leaks.csv",
    "cityloom sim water Net1 --for 24h --record net1.jsonl.gz --site net1",
    to=_sim,
)  # fmt: skip
_add(
    "grid", "gateway.cli.sim_physics:grid", "Compute a low-voltage feeder's power flow; its devices publish.",
    "cityloom sim grid --speed 60 --site lv",
    "cityloom sim grid --shapes European_LV_CSV.zip --load 899a=12@1h-3h --for 4h --record lv.jsonl.gz --site lv",
    to=_sim,
)  # fmt: skip
_bench = App(name="bench", help="What it costs on this machine.")
app.command(_bench)
_add(
    "ingest", "gateway.cli.bench:ingest", "Measure the real path from broker to store: CPU a message, latencies, loss.",
    "cityloom bench ingest",
    "cityloom bench ingest --messages 500000 --devices 5000 --repeat 5 --json | tail -n 1",
    "cityloom bench ingest --store influx-sink --rate 5000",
    "cityloom bench ingest --vs telegraf --repeat 2",
    "cityloom bench ingest --vs telegraf --vs my_script.py --store influxd --messages 200000",
    to=_bench,
)  # fmt: skip
_add(
    "engine", "gateway.cli.bench_engine:engine", "Measure the engine alone: CPU a reading, state a series.",
    "cityloom bench engine --series 100000", "cityloom bench engine --series 100000 --json | tail -n 1",
    to=_bench,
)  # fmt: skip
_add(
    "latency", "gateway.cli.bench_latency:latency", "Measure under load how soon others see a value, an alarm, a row.",
    "cityloom bench latency",
    "cityloom bench latency --rate 10000 --seconds 60 --json | tail -n 1",
    "cityloom bench latency --store http://127.0.0.1:8086 --broker 127.0.0.1:1883",
    to=_bench,
)  # fmt: skip
_add(
    "scale", "gateway.cli.bench_scale:scale", "Measure curves over devices, rates, readings, windows; a picture each.",
    "cityloom bench scale devices --out curves",
    "cityloom bench scale rate --values 5000,10000,20000 --devices 5000",
    "cityloom bench scale --quick --picture svg --json | tail -n 1",
    to=_bench,
)  # fmt: skip
_add(
    "backlog", "gateway.cli.bench_backlog:backlog", "Measure a start behind a backlog: time to listen, drain, be live.",
    "cityloom bench backlog",
    "cityloom bench backlog --messages 1000000 --json | tail -n 1",
    to=_bench,
)  # fmt: skip
_score = App(name="score", help="How good the detectors are, on data with known truth.")
app.command(_score)
_add(
    "nab", "gateway.cli.score:nab", "Score the general detector by the Numenta Anomaly Benchmark's measure.",
    "cityloom score nab data/nab",
    "cityloom score nab data/nab --at-least 80",
    "cityloom score nab data/nab --json | tail -n 1",
    to=_score,
)  # fmt: skip
_add(
    "leaks", "gateway.cli.score_leaks:leaks", "Score the leak detector on the BattLeDIM 2019 year.",
    "cityloom score leaks data/water",
    "cityloom score leaks data/water --sensitivity",
    "cityloom score leaks data/water --json | tail -n 1",
    to=_score,
)  # fmt: skip
_add(
    "truth", "gateway.cli.score_truth:truth", "Compare what was stored, counted and raised with the truth of a run.",
    "cityloom score truth RUN --data-dir data",
    "cityloom score truth RUN -c cityloom.toml --at-most 3 --ignore device.silent",
    "cityloom score truth RUN --picture png --json | tail -n 1",
    to=_score,
)  # fmt: skip
_add(
    "run", "gateway.cli.sim_run:run", "Run simulated devices against a broker.",
    "cityloom sim run --broker 127.0.0.1:1883 --for 5m",
    "cityloom sim run --speed 60 --origin 2026-03-03T08:00:00+08:00 --truth RUN --for 2m",
    "cityloom sim run --scenario evening-of-trouble --no-recordings --faults duplicate=0.02,late=0.05:90 --truth RUN",
    "cityloom sim run --messages 5000 --json | tail -n 1",
    to=_sim,
)  # fmt: skip
_add(
    "load", "gateway.cli.sim_load:load", "Send thousands of messages a second by the clock, and measure the answers.",
    "cityloom sim load --rate 20000 --devices 100000 --for 2m",
    "cityloom sim load --rate 5000 --broker mqtts://broker.example --ca-file ca.pem --for 1m",
    "cityloom sim load --rate 150000 --devices 5000 --connections 4 --for 30s --json | tail -n 1",
    to=_sim,
)  # fmt: skip
_add(
    "sparkplug", "gateway.cli.sim_sparkplug:sparkplug", "Run Sparkplug B edge nodes against a broker.",
    "cityloom sim sparkplug --nodes 5 --devices 10 --for 5m",
    "cityloom sim sparkplug --lose 0.02 --cut-every 5m --cut-for 1m --truth RUN --for 30m",
    "cityloom sim sparkplug --broker mqtts://broker.example --username {node} --password-file secret --qos 1",
    "cityloom sim sparkplug --interval 1s --for 30s --json | tail -n 1",
    to=_sim,
)  # fmt: skip
_add(
    "describe", "gateway.cli.sim_describe:describe", "Show what a city of any size is made of; write its files.",
    "cityloom sim describe", "cityloom sim describe --devices 100000",
    "cityloom sim describe --devices 5000 --write city && cityloom check -c city/cityloom.toml",
    to=_sim,
)  # fmt: skip
_add(
    "scenarios", "gateway.cli.sim_scenarios:scenarios", "List the scripts of what goes wrong, or show one.",
    "cityloom sim scenarios", "cityloom sim scenarios day-of-trouble", "cityloom sim scenarios my-day.toml --json",
    to=_sim,
)  # fmt: skip
_add(
    "version", "gateway.cli.version:version", "Show the versions of CityLoom and of what it stands on.",
    "cityloom version --json",
)  # fmt: skip


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    debug: Annotated[bool, Parameter(negative="", show_default=False, help="Show tracebacks.")] = False,
) -> int | None:
    """Run one command; `--debug` may stand anywhere before it or behind."""
    try:
        code: int | None = app(tokens, exit_on_error=False, print_error=False)
    except GatewayError as error:
        _explain(error, debug=debug)
        return error.exit_code
    return code


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script; ends the process with the command's exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        code = app.meta(given, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        if debug:
            traceback.print_exc()
        _say(
            str(error).replace("\n", " "),
            "`cityloom --help` lists the commands; `cityloom COMMAND --help` explains one.",
        )
        code = 2
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # whoever read our output has left, as `cityloom read | head` does
        sys.stderr.close()
        code = 0
    except Exception as error:  # noqa: BLE001  # the last one before the operator
        if debug:
            traceback.print_exc()
        _say(f"{type(error).__name__}: {error}", "This is a defect of CityLoom: --debug shows where it happened.")
        code = 1
    sys.exit(code or 0)


def _explain(error: GatewayError, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    for problem in error.problems if isinstance(error, ConfigErrors) else (error,):
        _say(problem.problem, problem.remedy)


def _say(problem: str, remedy: str) -> None:
    """One sentence and what to do, on standard error."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]error[/]: {escape(clean(problem, _LONGEST_LINE))}")
    if remedy:
        console.print(f"       {escape(clean(remedy, _LONGEST_LINE))}")


if __name__ == "__main__":
    main()
