"""One kind of device a file: what it measures at a moment, and what it then says."""

from collections.abc import Sequence

from device_sims.city.devices import City, Device
from device_sims.kinds.base import Group, Reading, Row
from device_sims.kinds.drainage import ChirpStackManholes, SenmlStations, TtsManholes
from device_sims.kinds.gas import GasDetectors
from device_sims.kinds.grid import Meters
from device_sims.kinds.grid_events import GridEvents
from device_sims.kinds.metered_feeder import FeederMeters, HouseholdMeters, Transformers
from device_sims.kinds.rain import DrainageLevels, RainGauges
from device_sims.kinds.stranger_air import AlinkStations, IotdaChildren, IotdaStations, ZigbeeClimates
from device_sims.kinds.stranger_meters import ShellyMeters, TasmotaPlugs, ThingsBoardMeters
from device_sims.kinds.stranger_streets import NgsiCounters, WasteContainers
from device_sims.kinds.street import AirMonitors, LampClimates, NoiseLoggers, WeatherStations
from device_sims.kinds.traffic import LoopDetectors, SegmentSpeeds, TrafficSignals
from device_sims.kinds.water import ReservoirLevels, WaterFlows, WaterPressures
from device_sims.troubles.trouble import Trouble
from device_sims.world.noise import Noise

__all__ = ["Group", "Reading", "Row", "groups_of", "quantities_of"]

_KINDS: tuple[type[Group], ...] = (
    LoopDetectors, SegmentSpeeds, Meters, WaterFlows, WaterPressures, GasDetectors, SenmlStations, TtsManholes,
    ChirpStackManholes, ReservoirLevels, TrafficSignals, HouseholdMeters, FeederMeters, Transformers, GridEvents,
    DrainageLevels, RainGauges, ThingsBoardMeters, ZigbeeClimates, TasmotaPlugs, ShellyMeters, AlinkStations,
    IotdaStations, IotdaChildren, WasteContainers, NgsiCounters, NoiseLoggers, WeatherStations, AirMonitors,
    LampClimates,
)  # fmt: skip


def quantities_of(profile: str) -> tuple[str, ...]:
    """What a fault may change of a kind of devices, the main one first; nothing of an unknown one."""
    return next((tuple(kind.wire) for kind in _KINDS if kind.profile == profile), ())


def groups_of(city: City, seed: int, troubles: Sequence[Trouble] = ()) -> list[Group]:
    """The city's devices by kind; kinds without a device are left out.

    Raises:
        ValueError: a device has a profile that nobody here can speak.
    """
    by_profile: dict[str, list[Device]] = {}
    for device in city.devices:
        by_profile.setdefault(device.profile, []).append(device)
    unknown = by_profile.keys() - {kind.profile for kind in _KINDS}
    if unknown:
        raise ValueError(f"devices.csv has profiles that no simulator speaks: {', '.join(sorted(unknown))}")
    local = city.local
    groups: list[Group] = []
    for kind in _KINDS:
        devices: Sequence[Device] = by_profile.get(kind.profile, ())
        if devices:
            noise = Noise(seed, [device.id for device in devices])
            groups.append(kind(devices, city.intervals[kind.profile], noise, local, troubles))
    return groups
