"""What one bad sender may take of an engine: one object for what is kept of it between calls.

messages of a device -----> DeviceRate   else shed(device_rate)            device_rate.py
devices that nobody knows > NewDevices   else rejected(device_quota)       new_devices.py
dead letters -------------> LetterQuota  else counted, not kept            letters.py
"""

from collections.abc import Mapping
from typing import Any

from gateway.config.content import EngineOptions
from gateway.engine.device_rate import DeviceRate
from gateway.engine.letters import LetterQuota
from gateway.engine.new_devices import NewDevices
from gateway.engine.registry import Registry

__all__ = ["Limits"]


class Limits:
    """Never called concurrently."""

    def __init__(self) -> None:
        self.rates = DeviceRate()
        self.new_devices = NewDevices()
        self.letters = LetterQuota()
        self.clock_stands = False
        """No time has passed since the call before: our clock was set back, and receipts say nothing of rates."""

    def configure(self, options: EngineOptions, registry: Registry) -> None:
        """Take the bounds of a configuration; what was used of the old ones stays used."""
        self.new_devices.configure(options.max_met_devices, options.new_devices_per_min, registry.records)
        self.letters.configure(options.letters_per_sec, options.letters_burst)

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on."""
        return {
            "rates": self.rates.snapshot(), "new_devices": self.new_devices.snapshot(),
            "letters": self.letters.snapshot(),
        }  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "Limits":
        """The limits that gave `state`; there were none before 0.4."""
        made = cls()
        if state:
            made.rates = DeviceRate.restore(state["rates"])
            made.new_devices = NewDevices.restore(state["new_devices"])
            made.letters = LetterQuota.restore(state["letters"])
        return made
