"""What needs somebody, and who was told: alarms, incidents, reports, notifications."""

from gateway.cli.commands.table import Group, command

__all__ = ["GROUPS"]

_ALARMS = (
    command(
        "list",
        "gateway.cli.alarms:listing",
        "List alarms, the most urgent first.",
        "cityloom alarms list",
        "cityloom alarms list --domain gas --priority 2",
        "cityloom alarms list --all --json",
    ),
    command(
        "history",
        "gateway.cli.alarms:history",
        "Show what happened to alarms, the newest first.",
        "cityloom alarms history",
        "cityloom alarms history 3f0c2a",
        "cityloom alarms history --asset gas-0001 -n 20",
    ),
    command(
        "ack",
        "gateway.cli.alarms:ack",
        "Acknowledge alarms.",
        "cityloom alarms ack 3f0c2a 81b09d --who wang",
    ),
    command(
        "shelve",
        "gateway.cli.alarms:shelve",
        "Put alarms aside for a time.",
        'cityloom alarms shelve 3f0c2a --for 8h --reason "sensor is being exchanged"',
    ),
    command(
        "reset",
        "gateway.cli.alarms:reset",
        "Close latched alarms that are over.",
        "cityloom alarms reset 3f0c2a",
    ),
    command(
        "unshelve",
        "gateway.cli.alarms:unshelve",
        "Bring shelved alarms back.",
        "cityloom alarms unshelve 3f0c2a",
    ),
    command(
        "comment",
        "gateway.cli.alarms:comment",
        "Write something beside an alarm.",
        'cityloom alarms comment 3f0c2a "crew is on its way"',
    ),
    command(
        "out-of-service",
        "gateway.cli.alarms:out_of_service",
        "Take alarms out of service.",
        'cityloom alarms out-of-service 3f0c2a --reason "road works until May"',
    ),
    command(
        "in-service",
        "gateway.cli.alarms:in_service",
        "Bring alarms back into service.",
        "cityloom alarms in-service 3f0c2a",
    ),
)

_INCIDENTS = (
    command(
        "list",
        "gateway.cli.incidents:listing",
        "List incidents, the newest first.",
        "cityloom incidents list --open",
        "cityloom incidents list --domain water -n 10",
        "cityloom incidents list --open --json | tail -n 1",
    ),
    command(
        "show",
        "gateway.cli.incidents:show",
        "Show one incident: likely first cause, alarms, reports, what happened.",
        "cityloom incidents show 1c2d3e4f5a6b",
        "cityloom incidents show 1c2d3e4 --json | tail -n 1",
    ),
)

_REPORTS = (
    command(
        "add",
        "gateway.cli.reports:add",
        "Take down a report.",
        'cityloom report add "no water since seven" --kind no-water --at 113.3265,23.1355',
        'cityloom report add "smells of gas in the stairway" --kind gas-smell --zone tianhe --id 12345-2026-000817',
        'echo 13800138000 | cityloom report add "dark street" --kind power-out --asset tx-tianhe-11 --contact -',
    ),
    command(
        "list",
        "gateway.cli.reports:listing",
        "List reports, the most urgent first.",
        "cityloom report list",
        "cityloom report list --late",
        "cityloom report list --all --kind no-water --json",
    ),
    command(
        "show",
        "gateway.cli.reports:show",
        "Show one report, and what happened to it.",
        "cityloom report show r-3f0c2a81",
        "cityloom report show r-3f0c2a81 --contact",
    ),
    command(
        "advance",
        "gateway.cli.reports:advance",
        "Bring a report on: accepted, dispatched, resolved, confirmed, reopened.",
        "cityloom report advance r-3f0c2a81 accepted --who wang",
        'cityloom report advance r-3f0c2a81 resolved --note "valve was closed"',
    ),
    command(
        "make",
        "gateway.cli.report_make:make",
        "Make the city's daily or weekly reports, as HTML and PDF. (The other commands here: citizens' reports.)",
        "cityloom report make",
        "cityloom report make --domain traffic --day 2026-03-02",
        "cityloom report make --week 2026-W10 --lang zh --format pdf --out weekly",
        "cityloom report make --domain alarms --operators 2 --json | tail -n 1",
    ),
)

_NOTIFICATIONS = (
    command(
        "list",
        "gateway.cli.notifications:listing",
        "List messages, the newest first.",
        "cityloom notifications list",
        "cityloom notifications list --state failed --json",
    ),
    command(
        "retry",
        "gateway.cli.notifications:retry",
        "Send messages that failed once more.",
        "cityloom notifications retry 3f0c2a81",
    ),
)

GROUPS = (
    Group("alarms", "What needs somebody, what happened, and what people decide.", _ALARMS),
    Group("incidents", "Everything that is wrong in the city, and what belongs together.", _INCIDENTS),
    Group(
        "report",
        "What citizens report, and what becomes of it; `make`: the city's own daily and weekly reports.",
        _REPORTS,
    ),
    Group("notifications", "Who was told of what, what waits, and what nobody took.", _NOTIFICATIONS),
)
