"""What `cityloom listen` shows: a line a kind of topic, what reads it, and its last message below."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gateway.cli.text import count, size
from gateway.workshop.observed import Line

__all__ = ["listening_view"]

_LINES_EACH = 3
_FRAME = 6


def listening_view(lines: Sequence[Line], said: str, height: int | None) -> RenderableType:
    """A table for a terminal of `height` lines; all of it where None."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("topic", overflow="fold")
    for head in ("messages", "a second", "bytes", "QoS"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("read by", overflow="fold")
    last: list[Text] = []
    most = len(lines) if height is None else max((height - _FRAME) // _LINES_EACH, 1)
    for line in lines[:most]:
        topics = f"{escape(line.topics)}" + (
            f" [dim]({line.count_of_topics} topics)[/]" if line.count_of_topics > 1 else ""
        )
        mean = size(line.mean_bytes) + (f" to {size(line.longest)}" if line.longest > 1.5 * line.mean_bytes else "")
        qos = ",".join(map(str, line.qos)) + (f" [dim]{line.retained} retained[/]" if line.retained else "")
        table.add_row(topics, count(line.messages), f"{line.rate:.1f}", mean, qos, _read_by(line))
        last.append(Text.assemble(f"{line.topic}  ", (line.sample, "dim"), no_wrap=True, overflow="ellipsis"))
    parts: list[RenderableType] = [table, "", Text("last messages", style="bold"), *last]
    if len(lines) > most:
        parts.append(Text(f"and {len(lines) - most} kinds of topic more", style="dim"))
    if said:
        parts.append(Text(said, style="dim"))
    return Group(*parts)


def _read_by(line: Line) -> str:
    if not line.profile:
        return f"[yellow]none[/] [dim]{escape(line.why)}[/]"
    parts = [f"[green]{escape(line.profile)}[/]"]
    if line.decoded:
        parts.append(f"{count(line.decoded)} decoded, {count(line.readings)} readings")
    ignored = line.messages - line.decoded - (sum(line.faults.values()) if not line.decoded else 0)
    if not line.decoded and not line.faults and ignored:
        parts.append("[dim]carries no reading by design[/]")
    worst = sorted(line.faults.items(), key=lambda one: (-one[1], one[0]))[:3]
    if worst:
        parts.append("[red]" + ", ".join(f"{number} {reason}" for reason, number in worst) + "[/]")
    return " ".join(parts)
