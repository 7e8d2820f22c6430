"""What a line needs to know of each series, by the series' index in the engine."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gateway.engine.results import SeriesName
from gateway.stores.base import SeriesId
from gateway.stores.line_text import field_key, measurement, tag_value

__all__ = ["LineNames"]


class LineNames:
    """Series index -> owner (a device under its profile: one line's key) and field (the quantity).

    Not safe for use from several threads but for `profile_of`; the store's write thread owns it.
    """

    def __init__(self) -> None:
        self.owner: NDArray[np.int32] = np.empty(0, np.int32)
        """Owner of each series."""
        self.field: NDArray[np.int32] = np.empty(0, np.int32)
        """Field of each series."""
        self.width: NDArray[np.int32] = np.empty(0, np.int32)
        """How many quantities each owner has."""
        self.profiles: list[str] = []
        """Profile of each owner."""
        self.devices: list[str] = []
        """Device of each owner."""
        self.quantities: list[str] = []
        """Quantity of each field."""
        self.series_of: list[list[tuple[int, str]]] = []
        """Series and quantity of each owner."""
        self._owners: dict[tuple[str, str], int] = {}
        self._fields: dict[str, int] = {}
        self._profile_of: dict[SeriesId, str] = {}
        self._refresh()

    def __len__(self) -> int:
        return len(self.owner)

    def add(self, names: Sequence[SeriesName]) -> None:
        """Take in series that follow the known ones without a hole."""
        if not names:
            return
        owners: list[int] = []
        fields: list[int] = []
        for name in names:
            owner = self._owners.setdefault((name.profile, name.device), len(self._owners))
            if owner == len(self.devices):
                self.profiles.append(name.profile)
                self.devices.append(name.device)
                self.series_of.append([])
            self.series_of[owner].append((len(self.owner) + len(owners), name.quantity))
            field = self._fields.setdefault(name.quantity, len(self._fields))
            if field == len(self.quantities):
                self.quantities.append(name.quantity)
            self._profile_of[SeriesId(name.device, name.quantity)] = name.profile
            owners.append(owner)
            fields.append(field)
        self.owner = np.append(self.owner, np.array(owners, np.int32))
        self.field = np.append(self.field, np.array(fields, np.int32))
        self._refresh()

    def profile_of(self, series: SeriesId) -> str | None:
        """The profile of a series that this store has been told of."""
        return self._profile_of.get(series)

    def _refresh(self) -> None:
        self.width = np.bincount(self.owner, minlength=len(self.devices)).astype(np.int32)
        self.measurements = pa.array([measurement(profile) for profile in self.profiles], pa.binary())
        self.tags = pa.array([b",device=" + tag_value(device) + b" " for device in self.devices], pa.binary())
        self.keys = pc.binary_join_element_wise(self.measurements, self.tags, b"")
        """`measurement,device=... ` of each owner."""
        self.names = pa.array([field_key(quantity) for quantity in self.quantities], pa.binary())
        self.values = pa.array([field_key(quantity) + b"=" for quantity in self.quantities], pa.binary())
        """`quantity=` of each field."""
