"""The gateway on the same work, by its own command."""

import time
from contextlib import ExitStack

from gateway.bench.children import Child
from gateway.bench.peers.arrivals import TOKEN
from gateway.bench.peers.contender import Contender, Ground
from gateway.bench.setup import Plan, write_config

__all__ = ["gateway"]


def gateway() -> Contender:
    """`cityloom run`, durable inbox and all."""

    def start(ground: Ground, stack: ExitStack) -> Child:
        config = ground.folder / "cityloom.toml"
        if not config.exists():
            plan = Plan(
                0, 0, store=ground.url, host=ground.host, port=ground.port, connections=ground.connections,
                token=TOKEN, start=time.time_ns(),
            )  # fmt: skip
            write_config(plan, ground.folder, ground.url)
        return stack.enter_context(Child("gateway.cli.main", "run", "-c", config, log=ground.log))

    return Contender("cityloom", start)
