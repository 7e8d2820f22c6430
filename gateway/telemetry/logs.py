"""Structured logs: one line an event, for people (`console`) or collectors (`json`), no secrets, no control characters.

    logger = make_logger("info", "json", sys.stderr, secrets=settings.secrets())
    with capture_stdlib(lambda: logger):      # what libraries log comes out the same way
        ...

No global structlog configuration: whoever logs is given a logger.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from pydantic import SecretStr

__all__ = ["MASK", "Logger", "capture_stdlib", "escape_controls", "make_logger", "redactor", "round_figures"]

Logger = structlog.typing.FilteringBoundLogger
EventDict = MutableMapping[str, Any]
Processor = Callable[[Any, str, EventDict], EventDict]

MASK = "***"
_SECRET_KEY = re.compile(r"password|passwd|secret|token|authorization|api_?key|private_?key", re.IGNORECASE)
# user:password@ of a URL
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_SHORTEST_SECRET = 4
_LONGEST_TEXT = 2000


def make_logger(level: str, form: str, stream: TextIO, secrets: Iterable[str] = ()) -> Logger:
    """A logger for `stream` from `level` up; `form` is `console` or `json`."""
    renderer: Any
    if form == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), pad_event_to=28, sort_keys=False, exception_formatter=structlog.dev.plain_traceback
        )
    logger = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redactor(secrets),
            escape_controls,
            round_figures,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    bound: Logger = logger.bind()
    return bound


def redactor(secrets: Iterable[str]) -> Processor:
    """A processor that masks values under telling keys, `secrets` wherever they occur, and credentials in URLs."""
    # a short one would mask half of every line; the longest first, since one may contain another
    known = sorted((text for text in set(secrets) if len(text) >= _SHORTEST_SECRET), key=len, reverse=True)
    anywhere = re.compile("|".join(map(re.escape, known))) if known else None

    def clean(value: Any) -> Any:
        match value:
            case str():
                text = anywhere.sub(MASK, value) if anywhere is not None else value
                return _CREDENTIALS.sub(f"{MASK}@", text) if "@" in text else text
            case bytes():
                return clean(value.decode(errors="replace"))
            case SecretStr():
                return MASK
            case Mapping():
                return {clean(key): masked(str(key), part) for key, part in value.items()}
            case list() | tuple() | set() | frozenset():
                return [clean(part) for part in value]
            case None | bool() | int() | float():
                return value
        return clean(str(value))

    def masked(key: str, value: Any) -> Any:
        return MASK if _SECRET_KEY.search(key) else clean(value)

    def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            event[key] = masked(key, value)
        return event

    return redact


def escape_controls(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A processor: control characters of strangers' texts (topics, payloads) as \\x1b; no terminal obeys them."""
    for key, value in event.items():
        event[key] = _escape(value, keep_lines=key == "exception")
    return event


def round_figures(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A processor: seconds and rates to a thousandth; nobody reads further."""
    for key, value in event.items():
        if isinstance(value, float):
            event[key] = round(value, 3)
    return event


def _escape(value: Any, *, keep_lines: bool = False) -> Any:
    match value:
        case str():
            text = value if len(value) <= _LONGEST_TEXT or keep_lines else value[:_LONGEST_TEXT] + "…"
            if text.isprintable():
                return text
            return "".join(_visible(sign) if sign != "\n" or not keep_lines else sign for sign in text)
        case Mapping():
            return {_escape(key): _escape(part) for key, part in value.items()}
        case list():
            return [_escape(part) for part in value]
    return value


def _visible(sign: str) -> str:
    # control, format (bidirectional overrides too), line and paragraph separators, lone surrogates
    if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Cs"):
        return sign.encode("unicode_escape", "surrogatepass").decode("ascii")
    return sign


class _Forward(logging.Handler):
    """Hands records of the standard library's logging to a structured logger."""

    def __init__(self, logger: Callable[[], Logger]) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one line."""
        facts: dict[str, Any] = {"logger": record.name}
        if record.exc_info:
            facts["exc_info"] = record.exc_info
        level = next((name for name in ("error", "warning", "info") if record.levelno >= _LEVELS[name]), "debug")
        getattr(self._logger(), level)(record.getMessage(), **facts)


@contextmanager
def capture_stdlib(logger: Callable[[], Logger], level: int = logging.WARNING) -> Iterator[None]:
    """Inside the block what libraries log goes through the `logger` of the moment."""
    handler = _Forward(logger)
    handler.setLevel(level)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
