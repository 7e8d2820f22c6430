"""What the configuration's files say, as the gateway has it, also after it has read them again.

    the live stream says how often they were read (Feed) --> stale --> which files? (the door) --> read --> told

Files that can't be used now leave everything as it was: the gateway has refused them, or somebody is at work on them.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gateway.config.seed_files import SeedFiles, load_seed_files
from gateway.config.settings import Settings
from gateway.errors import CommandError, ConfigError
from gateway.link.door import Door

__all__ = ["CityFiles", "files_of"]

_FILES = ("city_file", "devices_file", "profiles_dir", "conditions_file", "incidents_file")
_RETRY_SECS = 5.0


def files_of(settings: Settings) -> SeedFiles:
    """All of them but the devices: there may be very many, and the gateway is asked for these. Raises ConfigErrors."""
    return replace(load_seed_files(settings), devices=())


class CityFiles:
    """Used on one event loop. `run` it; `is_stale` from anywhere on the loop."""

    def __init__(self, settings: Settings, door: Door, told: Callable[[Settings, SeedFiles], None]) -> None:
        """`told` of what other files say, with settings that name them."""
        self._settings, self._door, self._told = settings, door, told
        self._stale = asyncio.Event()

    def is_stale(self) -> None:
        """The gateway has read its files again, or another gateway runs."""
        self._stale.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self.read()
            except CommandError:  # it is away, and may come back with other files
                await asyncio.sleep(_RETRY_SECS)
                self._stale.set()

    async def read(self) -> None:
        """Read the files that the gateway has. Raises as `Link.ask`."""
        named = (await self._door.ask("configuration"))["settings"]
        files = {each: Path(named[each]) if named.get(each) else None for each in _FILES}
        settings = self._settings.model_copy(update=files)
        with suppress(ConfigError):
            self._told(settings, await asyncio.to_thread(files_of, settings))
