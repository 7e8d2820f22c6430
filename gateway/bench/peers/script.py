"""A script that somebody wrote: `SCRIPT HOST PORT URL TOKEN ORG BUCKET`, MQTT 3.1.1 in, InfluxDB 2 out."""

import sys
from contextlib import ExitStack
from pathlib import Path

from gateway.bench.children import Child
from gateway.bench.peers.arrivals import ORG, RAW, TOKEN
from gateway.bench.peers.contender import Contender, Ground

__all__ = ["script"]


def script(path: Path) -> Contender:
    """It, run by this Python."""

    def start(ground: Ground, stack: ExitStack) -> Child:
        words = (path, ground.host, ground.port_3, ground.url, TOKEN, ORG, RAW)
        return stack.enter_context(Child(Path(sys.executable), *words, log=ground.log))

    return Contender(path.stem, start)
