"""A broker as the rules say it is, in a few lines and without a network: for trying a session against every bad moment.

What it sends and what it is sent lie in two queues of packets until somebody delivers them; a cut loses both.
"""

from collections import deque

import mqtt5

__all__ = ["ModelBroker"]


class ModelBroker:
    """One persistent session. Messages come in by `publish`.

    window: messages in flight, whatever the client asks for. by_filter: after a reconnect go filter by filter (the
    first level of the topic), with the new ones of a filter before the old ones of the next, and number anew, as
    rumqttd does; else keep order and packet ids and set DUP, as mosquitto does.
    """

    def __init__(self, window: int, *, by_filter: bool) -> None:
        self.window = window
        self.by_filter = by_filter
        self.session = False
        self.connected = False
        self.to_client: deque[bytes] = deque()
        self.unacknowledged: list[tuple[int, str, bytes]] = []
        self.queue: deque[tuple[str, bytes]] = deque()
        self._again: deque[tuple[int, str, bytes]] = deque()
        self._next_id = 0

    def publish(self, topic: str, payload: bytes) -> None:
        """A device publishes at QoS 1."""
        self.queue.append((topic, payload))
        self._fill()

    def take_bytes(self, data: bytes) -> None:
        """What the client wrote arrives."""
        while data:
            packet, used = mqtt5.read(memoryview(data))
            data = data[used:]
            self._take(packet)

    def cut(self) -> None:
        """The connection is gone, and what was under way with it."""
        self.connected = False
        self.to_client.clear()
        if self.by_filter:
            whole = [(topic, payload) for _, topic, payload in self.unacknowledged] + list(self.queue)
            self.queue = deque(sorted(whole, key=lambda message: message[0].split("/")[0]))
            self.unacknowledged = []
            self._next_id = 0
        self._again.clear()

    def forget(self) -> None:
        """The broker is restarted and kept nothing."""
        self.session = False
        self.unacknowledged = []
        self.queue.clear()

    def _take(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.ConnectPacket):
            assert not packet.clean_start
            self.connected = True
            self.to_client.append(mqtt5.ConnAckPacket(session_present=self.session).write())
            self.session = True
            self._again.extend(self.unacknowledged)
            self._fill()
        elif isinstance(packet, mqtt5.SubscribePacket):
            codes = [mqtt5.SubAckReasonCode(int(wanted.max_qos)) for wanted in packet.topic_filters]
            self.to_client.append(mqtt5.SubAckPacket(packet.packet_id, codes).write())
        elif isinstance(packet, mqtt5.PingReqPacket):
            self.to_client.append(mqtt5.PingRespPacket().write())
        elif isinstance(packet, mqtt5.PubAckPacket):
            assert self.unacknowledged, "a PUBACK for nothing"
            assert packet.packet_id == self.unacknowledged[0][0], "PUBACKs out of order"
            del self.unacknowledged[0]
            self._fill()
        else:
            assert isinstance(packet, mqtt5.DisconnectPacket)
            assert packet.reason_code == 0, f"the client says {packet.reason_code.name}"
            self.cut()

    def _fill(self) -> None:
        if not self.connected:
            return
        while self._again:
            self._send(*self._again.popleft(), duplicate=True)
        while self.queue and len(self.unacknowledged) < self.window:
            topic, payload = self.queue.popleft()
            self._next_id = self._next_id % 65_535 + 1
            self.unacknowledged.append((self._next_id, topic, payload))
            self._send(self._next_id, topic, payload, duplicate=False)

    def _send(self, packet_id: int, topic: str, payload: bytes, *, duplicate: bool) -> None:
        qos = mqtt5.QoS.AT_LEAST_ONCE
        packet = mqtt5.PublishPacket(topic, payload, qos=qos, packet_id=packet_id, duplicate=duplicate)
        self.to_client.append(packet.write())
