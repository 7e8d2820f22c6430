"""`cityloom check`: everything that can be known to be wrong before a start, without connecting to anything."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.config.connections import share_name_of, shared_filters
from gateway.config.delivery_checks import delivery_problems
from gateway.config.drafts import judge
from gateway.config.filters import source_filters, unheard
from gateway.config.load import read_settings
from gateway.config.onfile import problems_on_disk
from gateway.config.seed_files import SeedFiles, read_seed_files
from gateway.config.settings import Settings
from gateway.errors import ConfigError, GatewayError
from gateway.mqtt.options import TlsOptions, build_context

__all__ = ["check"]


def check(
    *,
    config: Annotated[Path | None, Parameter(name=["--config", "-c"])] = None,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Check configuration, city, devices, profiles and files without connecting. Exit code 2 where something is wrong.

    Parameters
    ----------
    config
        Configuration file (TOML); without it the defaults and the environment count.
    json
        One JSON object as the last line.
    """
    problems: list[ConfigError] = []
    found: dict[str, Any] = {}
    notes: list[str] = []
    read = read_settings(config)
    problems.extend(read.problems)
    settings, draft = read.settings, read.draft
    if settings is not None:
        name = str(config) if config is not None else "configuration"
        on_disk = problems_on_disk(settings, name, draft=draft)
        problems.extend(on_disk or judge([_tls_problems], settings, name, draft=draft))
        files, wrong = read_seed_files(settings, draft=draft)
        problems.extend(wrong)
        if files is not None:
            problems.extend(judge([_delivery_problems], settings, files, name, draft=draft))
        if files is not None and not problems:
            found, notes = _found(settings, files), _notes(settings, files)
    if json:
        print_json({
            "ok": not problems,
            "problems": [{"file": p.file, "key": p.key, "problem": p.what, "remedy": p.remedy} for p in problems],
            "notes": notes,
            "found": found,
        })  # fmt: skip
    elif problems:
        _show_problems(problems)
    else:
        _show_found(found, notes)
    return 2 if problems else 0


def _tls_problems(settings: Settings, file: str) -> Iterator[ConfigError]:
    """Files that are there but are no certificates, or don't belong together."""
    out: dict[str, ConfigError] = {}
    for source in settings.sources:
        if source.tls == "on":
            try:
                build_context(TlsOptions(source.ca_file, source.cert_file, source.key_file, source.server_name))
            except GatewayError as error:
                out[error.problem] = ConfigError(file, "mqtt.tls", error.problem, error.remedy)
    yield from out.values()


def _delivery_problems(settings: Settings, files: SeedFiles, file: str) -> Iterator[ConfigError]:
    zones = {zone.id for zone in files.city.zones}
    conditions = {condition.name for condition in files.conditions}
    for problem in delivery_problems(settings, files.profiles, zones, conditions):
        yield ConfigError(file, *problem)


def _notes(settings: Settings, files: SeedFiles) -> list[str]:
    """What is allowed, and still may not be meant."""
    filters = source_filters(settings.sources, files.profiles)
    return [
        f"No source subscribes to {topic}: profile {profile.name} will hear nothing of it."
        for profile, topic in unheard(filters, files.profiles)
    ]


def _found(settings: Settings, files: SeedFiles) -> dict[str, Any]:
    kinds = Counter(zone.kind for zone in files.city.zones)
    per_profile = Counter(device.profile for device in files.devices)
    filters = source_filters(settings.sources, files.profiles)
    return {
        "data_dir": str(settings.data_dir.absolute()),
        "city": {"id": files.city.city.id, "timezone": files.city.timezone, "zones": dict(kinds),
                 "assets": sum(1 for _ in files.city.assets())},
        "devices": len(files.devices),
        "profiles": {
            profile.name: {"devices": per_profile[profile.name], "topic": ", ".join(profile.topic_texts),
                           "fields": len(profile.fields)}
            for profile in files.profiles
        },
        "sources": {
            source.name: {"broker": f"{'mqtts' if source.tls == 'on' else 'mqtt'}://{source.host}:{source.port}",
                          "client_id": source.client_id, "qos": source.qos, "connections": source.connections,
                          "share_name": share_name_of(source), "canary": source.canary,
                          "filters": list(shared_filters(filters[source.name], share_name_of(source)))}
            for source in settings.sources
        },
        "stores": {name: {"retention_days": store.retention_days} for name, store in settings.enabled_stores.items()},
        "clock": {"kind": settings.clock.kind, "speed": settings.clock.speed},
        "http": f"{settings.http.host}:{settings.http.port}",
        "digest": files.content(settings).digest,
    }  # fmt: skip


def _show_problems(problems: list[ConfigError]) -> None:
    out = console()
    for problem in problems:
        place = f"{problem.file}: {problem.key}" if problem.key else problem.file
        out.print(f"[bold]{escape(clean(place, 400))}[/]: {escape(clean(problem.what, 2000))}")
        if problem.remedy:
            out.print(f"  {escape(clean(problem.remedy, 2000))}", style="dim")
    plural = "problem" if len(problems) == 1 else "problems"
    out.print(f"[bold red]{len(problems)} {plural}[/]")


def _show_found(found: dict[str, Any], notes: list[str]) -> None:
    out = console()
    table = Table(show_header=False, box=None, pad_edge=False)
    city = found["city"]
    zones = ", ".join(f"{count} of kind {kind}" for kind, count in city["zones"].items())
    table.add_row("city", escape(f"{city['id']}, {city['timezone']}: zones {zones}; {city['assets']} assets"))
    table.add_row("devices", str(found["devices"]))
    for name, profile in found["profiles"].items():
        table.add_row(f"  {name}", escape(f"{profile['devices']:>5}  {clean(profile['topic'])}"))
    for name, source in found["sources"].items():
        facts = f"{source['broker']} as {source['client_id']}, QoS {source['qos']}, {len(source['filters'])} filters"
        if source["share_name"]:
            facts += f", shared as {source['share_name']} by {source['connections']} connections"
        table.add_row(f"source {name}", escape(clean(facts)))
    for name, store in found["stores"].items():
        table.add_row(f"store {name}", f"readings kept {store['retention_days']} days")
    table.add_row("data folder", escape(found["data_dir"]))
    table.add_row("health, metrics", escape(f"http://{found['http']}"))
    if found["clock"]["kind"] != "system":
        table.add_row("clock", f"[yellow]runs {found['clock']['speed']:g} times as fast[/]")
    table.add_row("digest", found["digest"][:16])
    out.print(table)
    for note in notes:
        out.print(f"[yellow]note[/]: {escape(clean(note, 400))}")
    out.print("[bold green]all is well[/]")
