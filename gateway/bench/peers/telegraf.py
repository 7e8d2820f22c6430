"""Telegraf on the same work: JSON at QoS 1, raw points and 10 s statistics, gzip.

It acknowledges a message when it is in memory (its default), or, with `persistent_session = true`, when the output has
delivered it; then it takes in what the broker keeps in flight once a flush interval, and no more.
"""

from contextlib import ExitStack
from pathlib import Path

from gateway.bench.children import Child
from gateway.bench.peers.arrivals import FINE, ORG, RAW, TOKEN
from gateway.bench.peers.contender import Contender, Ground

__all__ = ["config_text", "telegraf"]

_TEXT = """\
[agent]
  interval = "10s"
  flush_interval = "1s"
  metric_batch_size = 5000
  metric_buffer_limit = 2000000
  omit_hostname = true
  quiet = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://{host}:{port}"]
  topics = ["city/#"]
  qos = 1
  client_id = "telegraf-bench"
  persistent_session = {persistent}
  max_undelivered_messages = 50000
  topic_tag = ""
  data_format = "json"
  json_time_key = "ts"
  json_time_format = "unix_ms"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "city/+/+/+/+/reading"
    measurement = "_/_/_/measurement/_/_"
    tags = "_/district/_/_/device/_"
[[aggregators.basicstats]]
  period = "10s"
  drop_original = false
  stats = ["count", "min", "max", "mean", "s2", "sum"]
  name_suffix = "_10s"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{raw}"
  content_encoding = "gzip"
  namedrop = ["*_10s"]
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{fine}"
  content_encoding = "gzip"
  namepass = ["*_10s"]
"""
_WINDOW_A_FLUSH = 100.0
"""The embedded broker keeps so many in flight, and it flushes once a second."""


def config_text(ground: Ground, *, persistent: bool) -> str:
    """Its configuration for a round."""
    return _TEXT.format(
        host=ground.host, port=ground.port_3, persistent=str(persistent).lower(), url=ground.url, token=TOKEN, org=ORG,
        raw=RAW, fine=FINE,
    )  # fmt: skip


def telegraf(executable: Path, *, persistent: bool) -> Contender:
    """It, acknowledging early or after delivery."""

    def start(ground: Ground, stack: ExitStack) -> Child:
        config = ground.folder / "telegraf.conf"
        config.write_text(config_text(ground, persistent=persistent), encoding="utf-8")
        return stack.enter_context(Child(executable, "--config", config, log=ground.log))

    name = "telegraf, persistent_session" if persistent else "telegraf"
    return Contender(name, start, _WINDOW_A_FLUSH if persistent else None)
