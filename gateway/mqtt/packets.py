"""Packets that say who we are, and those in which a broker sends us away."""

import mqtt5

from gateway.mqtt.options import MqttOptions
from gateway.mqtt.signals import Refused, ServerLeft

__all__ = ["connect_packet", "refused", "server_left"]


def connect_packet(options: MqttOptions, receive_maximum: int) -> bytes:
    """CONNECT: go on with the session that the broker has of us. No Maximum Packet Size: a broker discards above it."""
    return mqtt5.ConnectPacket(
        options.client_id,
        username=options.username,
        password=options.password.encode() if options.password is not None else None,
        clean_start=False,
        keep_alive=options.keep_alive_secs,
        session_expiry_interval=options.session_expiry_secs,
        receive_max=receive_maximum,
    ).write()


def refused(packet: mqtt5.ConnAckPacket) -> Refused:
    """CONNACK that says no."""
    reason = packet.reason_str or packet.reason_code.name
    return Refused(int(packet.reason_code), reason, packet.server_reference or "")


def server_left(packet: mqtt5.DisconnectPacket) -> ServerLeft:
    """DISCONNECT of the broker."""
    reason = packet.reason_str or packet.reason_code.name
    return ServerLeft(int(packet.reason_code), reason, packet.server_reference or "")
