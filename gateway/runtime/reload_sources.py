"""Connections and subscriptions brought to what a new configuration asks, on the sessions that there are.

    new sources connect and subscribe --> others subscribe what is new --> what was buffered for old filters comes
    --> these are given up --> sources that are gone take what the broker still holds, and end their sessions

So a topic that moves from one filter or connection to another is heard all the time. It is heard twice for a moment,
and told by the time of its readings then. A broker may drop what it has buffered for a filter that is given up (MQTT 5,
3.10.4; rumqttd does, mosquitto doesn't): hence the wait, of which overlap.py knows the end.

A stop cuts these waits short. Filters of sources that stay are then left to the next start, which gives up what it
finds noted and no longer wanted: none goes before its time. Of a source that is gone no later start knows: it has its
time to take what its broker holds and to end its session, also while the gateway stops, or it would go on taking its
share.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from gateway.config.connections import connections_of
from gateway.config.differences import Configuration
from gateway.config.filters import filters_overlap
from gateway.errors import ConfigError, ConfigErrors, GatewayError
from gateway.mqtt.changeable import ChangeableSource, Cut, reached
from gateway.mqtt.options import build_context
from gateway.mqtt.overlap import Overlap
from gateway.rows import Rows
from gateway.runtime.sources import make_source, options_of, wanted_of

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["change_sources", "refuse_unusable"]

_ANSWER_SECS = 10.0
_LINGER_SECS = 30.0
"""For a backlog; nearly always some messages do."""
Change = tuple[ChangeableSource, tuple[str, ...]]


def refuse_unusable(gateway: "Gateway", after: Configuration, name: str) -> None:
    """What a new connection would end the gateway with, as it ends a start. `name`: of the configuration's file.

    Raises:
        ConfigErrors: the files that its TLS needs are of no use.
    """
    there = {source.name for source in gateway.sources}
    for each in connections_of(after.settings.sources, there):
        options = options_of(after.settings, each.source, ())
        if each.name not in there and options.tls is not None:
            try:
                build_context(options.tls)
            except GatewayError as error:
                key = f"sources[{each.source.name}]"
                raise ConfigErrors([ConfigError(name, key, error.problem, error.remedy)]) from error


async def change_sources(gateway: "Gateway", after: Configuration) -> list[str]:
    """Bring it about, or begin to where the gateway stops; gives what did not come about, for people. `after` is in
    force already."""
    filters = after.filters()
    there = {source.name: source for source in gateway.sources}
    # retired ones stay: a session that is left with its share would take it from the others, and a start that doesn't
    # know of it can't give it up
    numbers = gateway.notes.read().numbers | {name: source.source for name, source in there.items()}
    wanted = {each.name: each for each in connections_of(after.settings.sources, there, numbers)}
    gone = [source for name, source in there.items() if name not in wanted]
    added = [
        make_source(
            after.settings, connection, filters[connection.source.name], gateway.inbox, gateway.intake, gateway.stamps,
            gateway.reports, gateway.notes, new_session=False,
        )
        for name, connection in wanted.items() if name not in there
    ]  # fmt: skip
    changed = [
        (there[name], wanted_of(connection, filters[connection.source.name]))
        for name, connection in wanted.items() if name in there
    ]  # fmt: skip
    changed = [(source, some) for source, some in changed if source.filters != some]
    taken = {source.source for source in gateway.sources}
    crowded, added = [s for s in added if s.source in taken], [s for s in added if s.source not in taken]
    warnings = [f"source {source.name} can be opened by a restart only" for source in crowded]
    gateway.notes.take([*gateway.sources, *added])
    warnings += await _open(gateway, added)
    # a topic may move between them: everybody hears more before anybody hears less
    wider = [(source, tuple(dict.fromkeys((*some, *source.filters)))) for source, some in changed]
    await _resubscribe(gateway, [(source, some) for source, some in wider if len(some) > len(source.filters)])
    less = [*changed, *((source, ()) for source in gone)]
    given_up = _given_up(less)
    await _buffered(gateway, given_up, [one for source, some in (*changed, *_same(gateway, less)) for one in some])
    if gateway.stopping:
        if waiting := sorted(_given_up(changed)):
            warnings.append(f"the gateway stops: {', '.join(waiting)} are for the next start to give up")
    else:
        warnings += await _resubscribe(gateway, changed)
    return warnings + await _close(gateway, gone)


async def _open(gateway: "Gateway", added: Sequence[ChangeableSource]) -> list[str]:
    for source in added:
        gateway.open_source(source)
    await reached(lambda: all(source.subscribed for source in added), _ANSWER_SECS, _cut(gateway))
    return [
        f"source {source.name}: {source.address} has not answered yet; it is tried again"
        for source in added if not source.subscribed
    ]  # fmt: skip


async def _resubscribe(gateway: "Gateway", changed: Sequence[Change]) -> list[str]:
    for source, _ in changed:
        gateway.reports.refused.pop(source.name, None)  # asked again
    done = await asyncio.gather(*(source.resubscribe(some, _ANSWER_SECS, _cut(gateway)) for source, some in changed))
    return [
        f"source {source.name}: the broker has not answered all of the new filters; they are asked again"
        for (source, _), settled in zip(changed, done, strict=True) if not settled
    ] + [
        f"source {source.name}: the broker refuses {pattern}"
        for source, _ in changed for pattern in sorted(gateway.reports.refused.get(source.name, ()))
    ]  # fmt: skip


def _given_up(changes: Sequence[Change]) -> set[str]:
    return {one for source, some in changes for one in source.filters if one not in some}


def _same(gateway: "Gateway", less: Sequence[Change]) -> list[Change]:
    """Sources that keep what they have."""
    changing = {source.name for source, _ in less}
    return [(source, source.filters) for source in gateway.sources if source.name not in changing]


async def _buffered(gateway: "Gateway", given_up: Collection[str], kept: Collection[str]) -> None:
    """Wait until what is buffered for filters that go has come, where others bring the same from now on."""
    moving = [one for one in given_up if any(filters_overlap(one, other) for other in kept)]
    if not moving:
        return
    loop = asyncio.get_running_loop()
    overlap = Overlap(moving, loop.time())
    for source in gateway.sources:
        source.overlap = overlap
    try:
        await reached(lambda: overlap.over(loop.time()), _LINGER_SECS, _cut(gateway))
    finally:
        for source in gateway.sources:
            source.overlap = None


async def _close(gateway: "Gateway", gone: Sequence[ChangeableSource]) -> list[str]:
    drained = await asyncio.gather(*(source.leave(_ANSWER_SECS) for source in gone))
    for source in gone:
        await gateway.close_source(source)
        # its last acknowledgements: nobody else says that they arrived
        gateway.intake.put(source, Rows(), 0, 0, 0)
        gateway.reports.refused.pop(source.name, None)
    return [
        f"source {source.name}: what its broker still holds for us was left there, for as long as it keeps the session"
        for source, clean in zip(gone, drained, strict=True) if not clean
    ]  # fmt: skip


def _cut(gateway: "Gateway") -> Cut:
    return lambda: bool(gateway.stopping)
