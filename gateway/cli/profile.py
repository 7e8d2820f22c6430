"""`cityloom profile`: the kinds of devices that are known, and one profile tried on messages."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import seeds
from gateway.cli.door import Config, Json, city_zone, settings_of
from gateway.cli.messages import read_messages
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.cli.times import local_text, parse_time
from gateway.config.profiles import Profile, load_profiles
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.errors import CommandError
from gateway.workshop.trial import Trial, Tried
from processors.flags import Flag

__all__ = ["listing", "show", "try_profile"]

_COLOURS = {Flag.GOOD: "green", Flag.SUSPECT: "yellow", Flag.FAIL: "red", Flag.MISSING: "dim"}
Topic = Annotated[str, Parameter(help="The topic of a raw payload.")]
At = Annotated[str, Parameter(help="When a raw payload was received, such as 2026-03-02T07:00; now where empty.")]


def try_profile(
    profile: str,
    files: Annotated[tuple[Path, ...], Parameter(show_default=False, allow_leading_hyphen=True)] = (), /, *,
    topic: Topic = "", received_at: At = "", show_: Annotated[int, Parameter(name="--show")] = 20,
    config: Config = None, json: Json = False,
) -> int:  # fmt: skip
    """Try a profile on messages: what they become, and where and why they fail. Exit code 1 where some do.

    Parameters
    ----------
    profile
        A profile's file (TOML), or the name of one that is configured or built in.
    files
        Recordings (JSON lines), raw payloads with --topic, or - for standard input.
    show_
        So many messages are shown, and as many of those that fail; 0 = all.
    """
    settings = settings_of(config, None)
    zone = city_zone(settings)
    trial = Trial(_profile(profile, settings), settings.bounds.bounds(), time.time_ns())
    at = parse_time(received_at, zone) or None
    out = console(stderr=json)
    shown: Counter[str] = Counter()
    failures: list[dict[str, Any]] = []
    for heard in read_messages(files, topic, at):
        tried = trial.take(heard)
        sort = "failed" if tried.failed else "good"
        shown[sort] += 1
        if not show_ or shown[sort] <= show_:
            _show(out, trial, tried, zone)
            if json and tried.failed:
                failures.append(_as_dict(trial, tried))
    if not shown:
        raise CommandError("The recordings hold no message.", "Record some: `cityloom listen --save FILE`.", 2)
    _show_summary(out, trial, shown["good"] + shown["failed"], show_)
    if json:
        print_json({
            "profile": trial.profile.name, "counts": dict(sorted(trial.counts.items())), "failed": shown["failed"],
            "failures": failures,
        })  # fmt: skip
    return 1 if shown["failed"] else 0


def _profile(name: str, settings: Settings) -> Profile:
    """The profile of a file, or a known one. Raises CommandError or ConfigErrors."""
    file = Path(name)
    if file.suffix == ".toml" or "/" in name or file.is_file():
        try:
            return load_profiles(
                {name if name.endswith(".toml") else f"{name}.toml": file.read_text(encoding="utf-8")}
            )[0]
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise CommandError(f"{name} can't be read: {said}.", "Name a profile's TOML file.", 2) from error
    known = {profile.name: profile for profile in _known(settings)}
    if name not in known:
        raise CommandError(
            f"There is no profile {name!r}.", f"Name a TOML file, or one of {', '.join(sorted(known))}.", 2,
        )  # fmt: skip
    return known[name]


def _known(settings: Settings) -> Sequence[Profile]:
    """The configured ones, and those built in that no configured one takes the name of."""
    configured = load_seed_files(settings).profiles
    names = {profile.name for profile in configured}
    return [*configured, *(one for one in load_profiles(seeds.profile_texts()) if one.name not in names)]


def _show(out: Console, trial: Trial, tried: Tried, zone: ZoneInfo) -> None:
    topic, _ = trial.compiled.redact(tried.heard.topic, b"")
    size = len(tried.heard.payload)
    state = tried.outcome if tried.outcome in ("decoded", "topic") else f"{tried.outcome}: {tried.reason}"
    colour = "red" if tried.failed else "dim" if tried.outcome == "ignored" else "bold"
    out.print(
        f"[{colour}]{tried.number}[/] {escape(clean(topic, 200))} [dim]{size} bytes[/]"
        + ("" if tried.outcome == "decoded" else f" [{colour}]{escape(state)}[/]")
    )
    if tried.readings:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for k in range(6):
            table.add_column(justify="right" if k == 3 else "left", no_wrap=True)
        for one in tried.readings:
            value = "" if one.value is None else f"{one.value:.6g}"
            when = local_text(one.ts, zone) + (" (receipt)" if one.at_receipt else "")
            unit = one.unit if not one.state else one.state
            flag = one.flag.name.lower()
            table.add_row(f"  {escape(clean(one.device, 60))}", one.quantity, when, value, escape(clean(unit, 40)),
                          f"[{_COLOURS.get(one.flag, 'dim')}]{flag}[/]")  # fmt: skip
        out.print(table)
    for trouble in tried.troubles:
        out.print(
            f"  [red]{escape(clean(trouble.path, 120))}[/]: {trouble.reason}: {escape(clean(trouble.detail, 400))}"
        )
        if trouble.hint:
            out.print(f"    {escape(clean(trouble.hint, 400))}", style="dim")


def _show_summary(out: Console, trial: Trial, messages: int, show_: int) -> None:
    counts = trial.counts
    hidden = messages > show_ > 0
    what = ", ".join(
        f"{count} {name.removeprefix('messages ').replace('topic', 'of other topics')}"
        for name, count in sorted(counts.items())
        if name.startswith("messages ")
    )
    flags = ", ".join(
        f"{count} {name.removeprefix('flag ')}" for name, count in sorted(counts.items()) if name.startswith("flag ")
    )
    out.print(
        f"{messages} message{'' if messages == 1 else 's'}: {what}; "
        f"{counts['readings']} readings{f': {flags}' if flags else ''}"
    )
    troubles = {
        name.removeprefix("trouble "): count for name, count in sorted(counts.items()) if name.startswith("trouble ")
    }
    if troubles:
        out.print(f"[red]could not be used[/]: {', '.join(f'{count} {name}' for name, count in troubles.items())}")
    if hidden:
        out.print("[dim]not all are shown: --show 0 shows them[/]")


def _as_dict(trial: Trial, tried: Tried) -> dict[str, Any]:
    topic, _ = trial.compiled.redact(tried.heard.topic, b"")
    return {
        "message": tried.number, "topic": topic, "outcome": tried.outcome, "reason": tried.reason,
        "readings": len(tried.readings),
        "troubles": [{"path": t.path, "reason": t.reason, "detail": t.detail, "hint": t.hint} for t in tried.troubles],
    }  # fmt: skip


def listing(*, config: Config = None, json: Json = False) -> None:
    """List the profiles that are configured or built in."""
    settings = settings_of(config, None)
    configured = {profile.name for profile in load_seed_files(settings).profiles}
    rows = [
        _facts(profile, profile.name in configured) for profile in sorted(_known(settings), key=lambda one: one.name)
    ]
    if json:
        print_json({"profiles": rows})
        return
    table = Table(box=None, pad_edge=False)
    for head in ("name", "codec", "topic", "quantities"):
        table.add_column(head)
    for row in rows:
        more = len(row["topics"]) - 1
        topic = clean(row["topics"][0], 80) + (f" and {more} more" if more else "")
        table.add_row(row["name"], row["codec"], escape(topic), escape(", ".join(row["quantities"])))
    console().print(table)


def _facts(profile: Profile, configured: bool) -> Mapping[str, Any]:
    return {
        "name": profile.name, "description": profile.description, "codec": profile.codec, "configured": configured,
        "topics": list(profile.topic_texts), "quantities": list(profile.fields),
    }  # fmt: skip


def show(name: str, /, *, config: Config = None) -> None:
    """Print a profile's TOML, to start one of your own from.

    Parameters
    ----------
    name
        Its name, as `cityloom profile list` has it.
    """
    settings = settings_of(config, None)
    texts = dict(_texts(settings))
    if name not in texts:
        raise CommandError(f"There is no profile {name!r}.", f"Name one of {', '.join(sorted(texts))}.", 2)
    # as it stands, with its comments: it may become a file
    console().print(texts[name], end="", markup=False, soft_wrap=True)


def _texts(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, text in seeds.profile_texts().items():
        yield name, text
    if settings.profiles_dir is not None:
        for profile_file in sorted(settings.profiles_dir.glob("*.toml")):
            text = profile_file.read_text(encoding="utf-8")
            yield load_profiles({str(profile_file): text})[0].name, text
