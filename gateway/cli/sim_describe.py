"""`cityloom sim describe`: what a simulated city of any size is made of, and its files for a gateway."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from device_sims.city.devices import MOST_DEVICES, load_city, seeds
from device_sims.city.files import districts_of, write_city
from device_sims.world.local_time import SECOND
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.errors import CommandError

__all__ = ["describe"]


def describe(
    *, devices: int | None = None, write: Annotated[Path | None, Parameter()] = None, json: Json = False
) -> int:
    """Show kinds, zones and rates of the simulated city, or of one of any size.

    A city of N devices has the first N of one sequence, so a larger one has all that a smaller one has. Beyond the
    built-in devices it goes on by copies of its districts.

    Parameters
    ----------
    devices
        How many; the built-in ones where not given.
    write
        Folder for city.toml, devices.csv and a cityloom.toml that names them, for `cityloom check` and `run`.
    json
        One JSON object as the last line.
    """
    wanted = len(seeds().lines) if devices is None else devices
    if not 0 < wanted <= MOST_DEVICES:
        raise CommandError(f"There is no city of {wanted} devices.", f"Ask for 1 to {MOST_DEVICES:,}.", 2)
    found = _found(wanted)
    if write is not None:
        try:
            found["files"] = [str(path) for path in write_city(write, wanted)]
        except OSError as error:
            raise CommandError(
                f"The files can't be written: {error}.", "Name a folder of yours by --write.", 2
            ) from error
    if json:
        print_json(found)
    else:
        _show(found)
    return 0


def _found(devices: int) -> dict[str, Any]:
    city = load_city(devices)
    known = seeds()
    kinds = Counter(device.profile for device in city.devices)
    rates = {kind: count * SECOND / city.intervals[kind] for kind, count in kinds.items()}
    there = districts_of(devices)
    zones = Counter(
        zone["kind"] for districts in there.values() for zone in known.city["zones"]
        if known.district_of[zone["id"]] in districts
    )  # fmt: skip
    return {
        "city": known.city["city"]["id"], "timezone": city.timezone, "devices": devices, "copies": len(there),
        "zones": dict(zones), "zones_with_devices": len({device.zone for device in city.devices}),
        "assets": len({device.asset for device in city.devices}),
        "messages_a_second": round(sum(rates.values()), 6),
        "kinds": {
            kind: {"devices": kinds[kind], "interval_secs": city.intervals[kind] / SECOND,
                   "messages_a_second": round(rates[kind], 6)}
            for kind in sorted(kinds)
        },
    }  # fmt: skip


def _show(found: dict[str, Any]) -> None:
    out = console()
    zones = ", ".join(f"{count:,} of kind {kind}" for kind, count in found["zones"].items())
    facts = Table(show_header=False, box=None, pad_edge=False)
    facts.add_row("city", f"{clean(found['city'])}, {clean(found['timezone'])}")
    facts.add_row("zones", f"{zones}; {found['zones_with_devices']:,} have devices")
    facts.add_row("assets", f"{found['assets']:,} with devices")
    if found["copies"] > 1:
        facts.add_row("copies", f"the built-in city and {found['copies'] - 1:,} of it, the last one perhaps in part")
    out.print(facts)
    kinds = Table(box=None, pad_edge=False)
    for name in ("kind", "devices", "interval", "messages/s"):
        kinds.add_column(name, justify="left" if name == "kind" else "right")
    for name, kind in found["kinds"].items():
        kinds.add_row(name, f"{kind['devices']:,}", f"{kind['interval_secs']:g} s", f"{kind['messages_a_second']:,.2f}")
    kinds.add_row("all", f"{found['devices']:,}", "", f"{found['messages_a_second']:,.2f}", style="bold")
    out.print(kinds)
    if "files" in found:
        *_, config = found["files"]
        out.print(f"wrote {', '.join(clean(path, 400) for path in found['files'])}")
        out.print(f"`cityloom check -c {clean(config, 400)}` reads them, `cityloom run` takes in what they say.")
