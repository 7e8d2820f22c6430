"""A draft as the TOML text of a profile, with what was seen in its comments."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from gateway.config.units import LEFT_TO_FILL_IN
from gateway.workshop.draft import Draft
from gateway.workshop.draft_fields import DraftField
from gateway.workshop.guess_fields import Seen, likely_units
from gateway.workshop.leaves import Scalar
from gateway.workshop.message import shown_payload, tidy

__all__ = ["draft_text"]

_WIDTH = 118
_SENDS_WHAT_IT_LIKES = ("senml", "senml_cbor", "ultralight", "line_protocol")
_SHOWN_TOPICS = 3


def draft_text(draft: Draft) -> str:
    """The TOML of a draft. Ends in a line end."""
    parts = [
        _head(draft), _names(draft), _wire(draft), _identity(draft), _records(draft), _time(draft), _sequence(draft),
        _redact(draft), *(_field(draft, one) for one in draft.fields), _rest(draft),
    ]  # fmt: skip
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    yield f"# {draft.name}: drafted by `cityloom profile draft` from {_messages(draft.heard)}"
    yield f"# that were received {_span(draft)}." if draft.first is not None else "# of which nobody knows the receipt."
    yield "#"
    yield f"# topic    {_topic(draft, draft.example.topic)}"
    text = tidy(shown_payload(draft.example.payload, 900), 900)
    indent = "# payload  "
    while text:
        # pieces, so that a comment is no wider than the file
        yield indent + text[: _WIDTH - len(indent)].rstrip()
        text = text[_WIDTH - len(indent) :]
        indent = "#           "
    yield "#"
    left = [one.name for one in draft.fields if one.unit == LEFT_TO_FILL_IN and not one.out]
    if left or draft.zone == LEFT_TO_FILL_IN:
        yield f'# To do: fill in what is "{LEFT_TO_FILL_IN}"; until then `check` and `profile try` refuse it.'
    yield "# Look at every line: a machine guessed it. What is commented out was seen too, and may be wanted."


def _names(draft: Draft) -> Iterator[str]:
    yield f"name = {_toml(draft.name)}"
    yield 'description = ""'
    heard = ", ".join(_topic(draft, topic) for topic in draft.topics[:_SHOWN_TOPICS])
    more = len(draft.topics) - _SHOWN_TOPICS
    yield f"# heard: {tidy(heard, 95)}{f' and {more} more' if more > 0 else ''}"
    yield f"topic = {_toml(draft.template)}"


def _wire(draft: Draft) -> Iterator[str]:
    if draft.records.unread:
        yield f"# {draft.records.unread} of {draft.heard} messages are empty or written otherwise, and were left aside"
    yield f"codec = {_toml(draft.wire.codec)}"
    if draft.wire.compression != "none":
        yield f"compression = {_toml(draft.wire.compression)}"
    yield f"interval_secs = {draft.interval_secs:g}  # {draft.interval_note}"
    spec = draft.wire.csv
    if spec is not None:
        yield ""
        yield "[csv]"
        yield f"delimiter = {_toml(spec.delimiter)}"
        if spec.header:
            yield "header = true"
        if spec.columns:
            yield f"columns = {_list(spec.columns)}"
        if spec.pairs is not None:
            yield f"pairs = {_toml(spec.pairs)}"
        if spec.decimal != ".":
            yield f"decimal = {_toml(spec.decimal)}"
        if spec.joined:
            joined = ", ".join(f"{_key(name)} = {_list(columns)}" for name, columns in spec.joined.items())
            yield f"joined = {{ {joined} }}"
    measurements = sorted(name for name in draft.records.measurements if name.isprintable())
    if draft.wire.codec == "line_protocol" and measurements:
        yield ""
        yield "[line_protocol]"
        yield f"measurement = {_toml(measurements[0]) if len(measurements) == 1 else _list(measurements)}"


def _identity(draft: Draft) -> Iterator[str]:
    yield "[identity]"
    if draft.identity_note:
        yield f"# {tidy(draft.identity_note, 300)}"
    yield f"{draft.identity[0]} = {draft.identity[1]}"
    yield ""
    yield "[provisioning]"
    yield 'policy = "pending"  # devices that nobody listed wait for an operator; "open" takes them in'
    yield 'zone = "unassigned"'


def _records(draft: Draft) -> Iterator[str]:
    if not draft.records.path:
        return
    messages = len({record.message for record in draft.records.all})
    yield "[records]"
    yield f"path = {_toml(draft.records.path)}  # {len(draft.records.all)} records in {_messages(messages)}"
    if draft.records.single:
        yield "single = true"


def _time(draft: Draft) -> Iterator[str]:
    if draft.wire.codec in ("senml", "senml_cbor"):
        return
    yield "[time]"
    first = next(iter(draft.times), None) or draft.own_time
    if first is None:
        yield "# no place holds a time: readings are stamped at receipt, and flagged so"
        yield 'format = "receipt"'
        return
    lag = "" if first.lag_secs is None or first.format == "local" else f", {_lag(first.lag_secs)}"
    if draft.own_time is not None:
        yield f"# values have times of their own, such as {tidy(draft.own_time.example, 60)}"
    if draft.times:
        several = len(draft.times) > 1
        yield f"# in {first.count} of {first.of} records, such as {tidy(first.example, 60)}{lag}"
        yield f"path = {_list([one.path for one in draft.times]) if several else _toml(first.path)}"
    yield f"format = {_toml(first.format)}"
    if first.numbers is not None and draft.wire.codec not in ("csv", "ultralight"):
        yield f"numbers = {_toml(first.numbers)}"
    if draft.zone:
        yield f"zone = {_toml(draft.zone)}  # {draft.zone_note}"
    if any(one.interval for one in draft.times):
        yield 'interval = "end"  # some are intervals a/b'
    if sum(one.count for one in draft.times) < first.of:
        yield 'unusable = "receipt"  # what has no time is stamped at receipt, and flagged so'
    for other in draft.other_times[:4]:
        yield f"# also a time: {tidy(other.path, 80)} ({other.format}, such as {tidy(other.example, 60)})"


def _sequence(draft: Draft) -> Iterator[str]:
    if draft.sequence is None:
        return
    path, sure = draft.sequence
    mark = "" if sure else "# "
    yield f"{mark}[sequence]" + ("" if sure else "  # named like a counter, but too little was seen to tell")
    yield f"{mark}path = {_toml(path)}" + ("  # grew by one a message" if sure else "")


def _redact(draft: Draft) -> Iterator[str]:
    if not draft.secrets and not draft.secret_variables:
        return
    flat = draft.wire.codec in ("csv", "ultralight", "line_protocol", "text", "senml", "senml_cbor")
    yield "[redact]  # what looks like secrets"
    if draft.secrets:
        paths = sorted({path.removeprefix("$.").removeprefix("^.") for path in draft.secrets})
        yield f"# {_list(paths)}: no codec but json can redact" if flat else f"paths = {_list(paths)}"
    if draft.secret_variables:
        yield f"variables = {_list(draft.secret_variables)}"


def _field(draft: Draft, one: DraftField) -> Iterator[str]:
    mark = "# " if one.out else ""
    why = f": {one.out}" if one.out else ""
    yield f"# {_what(one.seen, len(draft.records.all))}{why}"
    yield f"{mark}[fields.{one.name}]"
    yield f"{mark}path = {_list(one.path) if len(one.path) > 1 else _toml(one.path[0])}"
    if one.time:
        yield f"{mark}time = {_toml(one.time)}"
    if one.type != "number":
        yield f"{mark}type = {_toml(one.type)}"
    if one.unit:
        likely = likely_units(one.name, one.path[0]) if one.unit == LEFT_TO_FILL_IN else ""
        yield f"{mark}unit = {_toml(one.unit)}" + (f"  # perhaps {likely}" if likely else "")
    if one.enum:
        words = ", ".join(f"{_key(word)} = {number}" for word, number in one.enum.items())
        yield f"{mark}enum = {{ {words} }}"
    own_times = draft.own_time is not None
    if not one.required and not own_times and draft.wire.codec not in _SENDS_WHAT_IT_LIKES:
        yield f"{mark}required = false"


def _what(seen: Seen, records: int) -> str:
    """What was seen at a place."""
    parts = [f"in {seen.count} of {records} records"]
    if seen.nulls:
        parts.append(f"{seen.nulls} of them empty")
    if seen.low <= seen.high:
        parts.append(
            f"always {_figure(seen.low)}" if seen.low == seen.high else f"{_figure(seen.low)} to {_figure(seen.high)}"
        )
    elif seen.words:
        shown = ", ".join(json.dumps(tidy(word, 24), ensure_ascii=False) for word in list(seen.words)[:4])
        parts.append(f"{shown}{', ...' if len(seen.words) > 4 else ''}")
    elif seen.example is not None:
        parts.append(_scalar(seen.example))
    return ", ".join(parts)


def _rest(draft: Draft) -> Iterator[str]:
    if not draft.left_out:
        return
    yield "# Seen, and no quantity:"
    seen = {path: record.values[path] for record in reversed(draft.records.all) for path in record.values}
    for path in draft.left_out[:30]:
        yield f"#   {tidy(path, 80)}: {_scalar(seen.get(path))}"
    if len(draft.left_out) > 30:
        yield f"#   and {len(draft.left_out) - 30} more"


def _topic(draft: Draft, topic: str) -> str:
    """A topic without its secrets."""
    levels = topic.split("/")
    for k, level in enumerate(draft.template.split("/")):
        if level.strip("{}") in draft.secret_variables and level.startswith("{"):
            levels[k] = "***"
    return tidy("/".join(levels), 200)


def _span(draft: Draft) -> str:
    if draft.first is None or draft.last is None:
        return ""
    first, last = (datetime.fromtimestamp(at // 1_000_000_000, UTC) for at in (draft.first, draft.last))
    return f"{first:%Y-%m-%d %H:%M:%S}" + (f" to {last:%Y-%m-%d %H:%M:%S} UTC" if last > first else " UTC")


def _messages(count: int) -> str:
    return "one message" if count == 1 else f"{count:,} messages"


def _lag(secs: float) -> str:
    amount = f"{abs(secs):.1f} s" if abs(secs) < 120 else f"{abs(secs) / 60:.0f} min"
    return f"{amount} {'before' if secs >= 0 else 'after'} receipt"


def _figure(number: float) -> str:
    return f"{number:.10g}"


def _scalar(value: Scalar) -> str:
    return json.dumps(tidy(value, 60) if isinstance(value, str) else value, ensure_ascii=False)


def _list(texts: list[str] | tuple[str, ...]) -> str:
    return f"[{', '.join(map(_toml, texts))}]"


def _toml(text: str) -> str:
    """A TOML string; one in single quotes where that saves escapes."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(word: str) -> str:
    bare = bool(word) and word.isascii() and all(sign.isalnum() or sign in "-_" for sign in word)
    return word if bare else json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")
