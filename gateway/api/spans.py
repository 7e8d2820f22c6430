"""From when to when a question is, by the city's clock, or by the cursor of the page before."""

from gateway.api.encoders import from_cursor
from gateway.api.problems import Problem
from gateway.api.times import is_relative, parse_time
from gateway.link.link import Link

__all__ = ["span_of"]


async def span_of(link: Link, start: str, to: str, cursor: str = "") -> tuple[int, int]:
    """Begin and end, UTC ns. Raises Problem (400) where one can't be read or nothing is between; as `Link.ask`."""
    now = int((await link.ask("clock"))["now"]) if is_relative(start) or is_relative(to) else 0
    begin, end = parse_time(start, now, "from"), parse_time(to, now, "to")
    if cursor:
        try:
            begin, end = from_cursor(cursor)
        except ValueError as error:
            raise Problem("wrong-question", "cursor: that is none of ours.", "Take `next` of an answer.") from error
    if begin >= end:
        raise Problem("wrong-question", "The span is empty: from is not before to.", "Give an earlier from.")
    return begin, end
