"""A plain MQTT 5 client of another make (paho), as a device or a stranger would use it. Every wait has a deadline."""

import ssl
import threading
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

__all__ = ["MqttPeer", "RefusedError"]

_DEADLINE_SECS = 20.0


class RefusedError(Exception):
    """The broker said no; the text is its reason."""


class MqttPeer:
    """One connection. Use as a context manager."""

    def __init__(
        self,
        port: int,
        client_id: str,
        *,
        user: str | None = None,
        password: str | None = None,
        session_expiry_secs: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.received: list[tuple[str, bytes]] = []
        self._changed = threading.Condition()
        self._connack: str | None = None
        self._acks: dict[int, str] = {}
        self._gone: str | None = None
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
        self._client.max_inflight_messages_set(0)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_ack
        self._client.on_subscribe = self._on_ack
        if user is not None:
            self._client.username_pw_set(user, password)
        if tls is not None:
            self._client.tls_set_context(tls)
        self._port = port
        self._properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        if session_expiry_secs:
            self._properties.SessionExpiryInterval = session_expiry_secs
        self._clean = session_expiry_secs == 0

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port, clean_start=self._clean, properties=self._properties)
        self._client.loop_start()
        try:
            self._wait(lambda: self._connack is not None or self._gone is not None, "no CONNACK")
            if self._connack != "Success":
                raise RefusedError(self._connack or self._gone)
        except BaseException:
            self._client.loop_stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1 and wait for the PUBACK. RefusedError: by its reason code, or the broker hung up."""
        self._answer(self._client.publish(topic, payload, qos=1).mid)

    def publish_many(self, messages: list[tuple[str, bytes]]) -> None:
        """Publish all at QoS 1, then wait for all PUBACKs."""
        for mid in [self._client.publish(topic, payload, qos=1).mid for topic, payload in messages]:
            self._answer(mid)

    def subscribe(self, topic_filter: str, *, qos: int = 1) -> None:
        """Subscribe and wait for the SUBACK."""
        mid = self._client.subscribe(topic_filter, qos=qos)[1]
        assert mid is not None
        self._answer(mid)

    def wait_for(self, count: int) -> None:
        """Wait until `count` messages have come."""
        self._wait(lambda: len(self.received) >= count, f"fewer than {count} messages")

    def _answer(self, mid: int) -> None:
        self._wait(lambda: mid in self._acks or self._gone is not None, "no answer")
        reason = self._acks.get(mid, self._gone)
        if reason not in ("Success", "Granted QoS 1", "Granted QoS 2", "No matching subscribers"):
            raise RefusedError(reason)

    def _wait(self, ready: Any, problem: str) -> None:
        with self._changed:
            assert self._changed.wait_for(ready, _DEADLINE_SECS), problem

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        with self._changed:
            self._connack = str(reason)
            self._changed.notify_all()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        with self._changed:
            self._gone = f"disconnected: {reason}"
            self._changed.notify_all()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        with self._changed:
            self.received.append((message.topic, bytes(message.payload)))
            self._changed.notify_all()

    def _on_ack(self, _client: Any, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        with self._changed:
            self._acks[mid] = str(reason[0] if isinstance(reason, list) else reason)
            self._changed.notify_all()
