"""Rules of [notify] that join several options: each is a (key, problem, remedy)."""

from collections.abc import Iterator

from gateway.config.notify_sections import NotifySettings

__all__ = ["NOTIFY_RULES"]

Problem = tuple[str, str, str]


def _names(notify: NotifySettings) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for table in ("webhooks", "emails", "topics"):
        for k, channel in enumerate(getattr(notify, table)):
            key = f"notify.{table}[{k}].name"
            first = seen.setdefault(channel.name, key)
            if first != key:
                yield key, f"{channel.name!r} is the name of another channel too", "Give each channel its own name."
    routes = [route.name for route in notify.routes]
    for k, name in enumerate(routes):
        if name in routes[:k]:
            yield f"notify.routes[{k}].name", f"{name!r} is the name of another route too", "Give each its own name."


def _channels(notify: NotifySettings) -> Iterator[Problem]:
    uses = [(f"notify.routes[{k}]", each.channels, each.escalate) for k, each in enumerate(notify.routes)]
    uses += [(f"notify.calibrations[{k}]", each.channels, ()) for k, each in enumerate(notify.calibrations)]
    known = notify.channel_names
    for where, channels, escalate in uses:
        for key, names in (("channels", channels), ("escalate", escalate)):
            for name in names:
                if name not in known:
                    has = f"There are {', '.join(known)}." if known else "Give one in [[notify.webhooks]] or the like."
                    yield f"{where}.{key}", f"{name!r} is no channel", has


def _webhooks(notify: NotifySettings) -> Iterator[Problem]:
    for k, hook in enumerate(notify.webhooks):
        for name in ("url", "secret"):
            if getattr(hook, name) is None and getattr(hook, f"{name}_file") is None:
                yield f"notify.webhooks[{k}].{name}", "is missing", f"Give {name} or {name}_file."


def _passwords(notify: NotifySettings) -> Iterator[Problem]:
    for k, mail in enumerate(notify.emails):
        if mail.username is not None and mail.password is None and mail.password_file is None:
            yield f"notify.emails[{k}].password", "is missing beside username", "Give password_file, or no username."
        if mail.username is not None and mail.security == "none":
            yield f"notify.emails[{k}].security", "would send the password in the clear", 'Write "starttls" or "tls".'


def _quiet(notify: NotifySettings) -> Iterator[Problem]:
    quiet = notify.quiet
    if quiet.enabled and quiet.start == quiet.end:
        yield "notify.quiet.end", "is the same as start, so there are no quiet hours", "Write another, or leave it off."
    for name in ("start", "end"):
        if getattr(quiet, name).tzinfo is not None:
            yield f"notify.quiet.{name}", "has an offset", "Write the city's time alone, such as 22:00."


NOTIFY_RULES = (_names, _channels, _webhooks, _passwords, _quiet)
