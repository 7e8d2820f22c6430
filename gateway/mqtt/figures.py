"""What can be asked of a source while it runs: its state in a word, why nothing comes, counts of its messages."""

import asyncio

from gateway.mqtt.canary import CanaryState
from gateway.mqtt.options import MqttOptions
from gateway.mqtt.session import Session
from gateway.mqtt.wire import Wire

__all__ = ["SourceFigures"]


class SourceFigures:
    """The side of a source that is read; connection.py moves it."""

    def __init__(self, options: MqttOptions, source: int, name: str, session: Session) -> None:
        self.options = options
        self.source = source
        self.name = name
        self.subscribed = False
        """Connected, and every filter has its answer."""
        self.connected_since: float | None = None
        """Monotonic seconds; None while not connected."""
        self.last_receipt: float | None = None
        """Monotonic seconds of the last bytes from the broker."""
        self.reconnects = 0
        """Connections after the first."""
        self.cpu_secs = 0.0
        """CPU of the event loop's thread that went into parsing, handing over and acknowledging."""
        self._session = session
        self._inflow = session.inflow
        self._wire: Wire | None = None
        self._problem = ""
        self._stopping = asyncio.Event()

    @property
    def address(self) -> str:
        """host:port of the broker."""
        return f"{self.options.host}:{self.options.port}"

    @property
    def state(self) -> str:
        """stopped, waiting (for the broker), connecting, silent (see Canary) or subscribed; stopping."""
        if self._stopping.is_set():
            return "stopping" if self._wire is not None else "stopped"
        if self._wire is None:
            return "waiting"
        if not self.subscribed:
            return "connecting"
        return "subscribed" if self.flowing else "silent"

    @property
    def flowing(self) -> bool:
        """Subscribed, and as far as can be known the broker passes on what is published."""
        return self.subscribed and self._session.canary.state is not CanaryState.SILENT

    @property
    def problem(self) -> str:
        """Why it is not flowing; "" while it is, or before anything went wrong."""
        return "" if self.flowing else self._problem

    @property
    def canary(self) -> CanaryState:
        """What the messages to ourselves say."""
        return self._session.canary.state

    @property
    def canary_proven(self) -> bool:
        """One came back, in this run or an earlier one."""
        return self._session.canary.proven

    @property
    def received(self) -> int:
        """PUBLISH packets parsed."""
        return self._inflow.received

    @property
    def redelivered(self) -> int:
        """Those among them of which a copy was handed out before, or comes again."""
        return self._inflow.redelivered

    @property
    def shed(self) -> int:
        """QoS 0 messages that were not taken."""
        return self._inflow.shed

    @property
    def held(self) -> int:
        """Messages that wait for the verdict redelivered or new; reported to the sink when it is there."""
        return self._inflow.held

    @property
    def in_flight(self) -> int:
        """QoS 1 messages whose PUBACK has not left."""
        return self._inflow.in_flight

    @property
    def waiting(self) -> int:
        """Rows handed to the sink and not yet acknowledged by it."""
        return self._inflow.waiting

    @property
    def confirmed_count(self) -> int:
        """QoS 1 rows of this source, over all processes, that the broker can't send again. Never goes back."""
        return self._inflow.confirmed

    @property
    def session_filters(self) -> list[str]:
        """What the session at the broker may hold: a later process gets it as `known_filters`."""
        return self._session.subscriptions.session_filters

    @property
    def shed_qos0(self) -> bool:
        """Set it while there is no room."""
        return self._session.shed_qos0

    @shed_qos0.setter
    def shed_qos0(self, shed: bool) -> None:
        self._session.shed_qos0 = shed
