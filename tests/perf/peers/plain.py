"""What a city's developer writes in an afternoon: paho-mqtt in, influxdb-client out. Measured beside the gateway.

python plain.py HOST PORT URL TOKEN ORG BUCKET, until SIGTERM. It acknowledges before anything is stored, aggregates
nothing, checks nothing, and what it holds in memory when it ends badly is gone.
"""

# mypy: disable-error-code="no-untyped-call, attr-defined"

import json
import signal
import sys

import paho.mqtt.client as mqtt
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import WriteOptions
from paho.mqtt.enums import CallbackAPIVersion


def main() -> None:
    """Pass on until asked to end."""
    host, port, url, token, org, bucket = sys.argv[1:]
    client = InfluxDBClient(url, token=token, org=org, enable_gzip=True)
    writer = client.write_api(write_options=WriteOptions(batch_size=5000, flush_interval=1000))

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        _, district, _, kind, device, _ = message.topic.split("/")
        reading = json.loads(message.payload)
        point = Point(kind).tag("district", district).tag("device", device).time(reading.pop("ts"), WritePrecision.MS)
        for name, value in reading.items():
            point.field(name, float(value))
        writer.write(bucket, record=point)

    def on_connect(connected: mqtt.Client, *_: object) -> None:
        connected.subscribe("city/#", 1)

    subscriber = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="plain")
    subscriber.on_message = on_message
    subscriber.on_connect = on_connect
    signal.signal(signal.SIGTERM, lambda *_: subscriber.disconnect())
    subscriber.connect(host, int(port))
    subscriber.loop_forever()
    writer.close()


if __name__ == "__main__":
    main()
