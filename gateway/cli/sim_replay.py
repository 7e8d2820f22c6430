"""`cityloom sim replay FILES`: recordings that others made, played as devices that publish to a broker."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from device_sims.replay.formats import open_table
from device_sims.replay.mapping import Mapped, map_tables, read_mapping
from device_sims.replay.player import Playing, Replay
from device_sims.sources.site import Area, Place, Site
from device_sims.sources.source import Source
from gateway.cli.sim_session import Sending, Session, play
from gateway.errors import CommandError

__all__ = ["replay"]

_NO_ZONE = "replayed"
_INTERVAL_SECS = 60.0


def replay(
    files: Annotated[tuple[Path, ...], Parameter(show_default=False)] = (), /, *,
    mapping: Annotated[Path | None, Parameter(name="--map", show_default=False)] = None,
    kind: str = "", quantity: str = "", unit: str = "", zone: str = "", time_column: str = "",
    loop: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    keep_time_of_day: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    missing: Literal["null", "skip"] = "null", interval: float | None = None,
    sending: Sending = Sending(),  # noqa: B008 - frozen
) -> int:  # fmt: skip
    """Play recordings of measurements as devices that publish to a broker, in the city's clock.

    CSV, Parquet, NAB, BattLeDIM, ETT and UCI household files are told apart by their content. The first row is the
    origin. `cityloom replay` is another thing: it sends recorded messages through the engine, without a broker.

    Parameters
    ----------
    files
        Recordings; several play side by side.
    mapping
        TOML that says which column is which device and quantity; see device_sims/README.md.
    kind
        In place of --map, where every column is a device of this kind: loop-detector, segment-speed, meter-3p,
        household-meter, transformer, water-flow, water-pressure, reservoir-level, or series/NAME of your own.
    quantity
        With --kind: what every column measures, such as flow.
    unit
        With --kind: the columns' unit, such as l/s.
    zone
        Zone of the devices in their topics.
    time_column
        Column of the times, where a CSV or Parquet file doesn't show it by its name.
    loop
        Begin again at the end.
    keep_time_of_day
        Lay the first row on its own local time of day, at the origin or behind it.
    missing
        What a device says for a row without any value: null, or nothing (skip).
    interval
        Seconds between two rows, for the profiles of --site; that of the first file's first rows where it isn't given.
    """
    if not files:
        raise CommandError("Which recordings?", "Name files; `cityloom sim replay --help` has examples.", 2)
    given = [text for text in (kind, quantity, unit) if text]
    if 0 < len(given) < 3 or (given and mapping is not None):
        raise CommandError(
            "--kind, --quantity and --unit go together, and in place of --map.", "Give all three, or a --map.", 2
        )

    def build(session: Session) -> tuple[Source, Site]:
        tables = [open_table(file, time_column) for file in files]
        listed, common = read_mapping(mapping) if mapping is not None else ([], "")
        option = (kind, quantity, unit) if kind else None
        mapped = map_tables(tables, listed, zone or common or _NO_ZONE, option)
        source = Replay(tables, mapped, Playing(session.origin, session.zone.key, loop, keep_time_of_day, missing))
        return source, _site(mapped, session, interval or source.interval_secs or _INTERVAL_SECS)

    if loop and sending.record is not None and not (sending.for_ or sending.limit):
        raise CommandError("--loop has no end to record.", "Bound it by --for or --limit.", 2)
    return play("replaying", sending, build)


def _site(mapped: list[list[Mapped]], session: Session, interval: float) -> Site:
    devices = [each for of_table in mapped for each in of_table]
    places = [Place(each.spec.id, each.kind, each.spec.zone, each.spec.at, _facts(each)) for each in devices]
    areas = []
    for zone in dict.fromkeys(place.zone for place in places):
        water = any(place.at for place in places if place.zone == zone)
        facts = {"connections": 1.0, "mains_km": 1.0}  # a recording tells neither
        areas.append(Area(zone, "dma", facts) if water else Area(zone, "district"))
    return Site("replayed", session.zone.key, interval, areas, places)


def _facts(each: Mapped) -> dict[str, float]:
    made_up = {"inlet": {"dn_mm": 300.0}, "outlet": {"dn_mm": 300.0}, "critical": {"elevation_m": 0.0}}
    return {**made_up.get(each.spec.at, {}), **each.spec.facts}
