"""Render what is said of one manifest alone: what keeps a run from being reproduced, and what to do about it."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.renderers.layout import grid
from envprint.renderers.plain import brief, plain
from envprint.report import Checkup, Hazard

TITLES = {
    "run": "what can make two runs here differ",
    "place": "what can make it differ elsewhere",
    "repeat": "what makes draws, batches or outputs repeat",
    "wrong": "what makes results wrong, which is no drift",
}
COLOURS = {"high": "red", "medium": "yellow", "low": "dim"}
UNREAD = 8
FACTS = 4


def lay_out_checkup(checkup: Checkup) -> RenderableType:
    """Return a checkup as a layout that a rich console prints: the gravest first, low ones without why."""
    parts: list[RenderableType] = [Text(plain(checkup.summary), style="bold"), ""]
    for makes, title in TITLES.items():
        hazards = [hazard for hazard in checkup.hazards if hazard.makes == makes]
        if hazards:
            parts += [Text(title, style="bold cyan"), *_hazards(hazards)]
    if checkup.unread:
        more = len(checkup.unread) - UNREAD
        text = plain(", ".join(checkup.unread[:UNREAD])) + (f" and {more} more" if more > 0 else "")
        parts.append(grid([("not read", text)], label_width=9))
    return Padding(Group(*parts), (0, 1, 0, 1))


def _hazards(hazards: list[Hazard]) -> Iterator[RenderableType]:
    for hazard in hazards:
        yield from (_hazard(hazard), "")


def _hazard(hazard: Hazard) -> Group:
    head = Table.grid(padding=(0, 2), expand=True)
    head.add_column(width=6)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    severity = Text(hazard.severity, style=COLOURS[hazard.severity])
    head.add_row(severity, Text(plain(hazard.cause), style="bold"), Text(f"{hazard.likelihood:.2f}"))
    facts = "; ".join(f"{plain(path)} {brief(value)}" for path, value in list(hazard.facts.items())[:FACTS])
    why = plain(hazard.why) if hazard.severity != "low" else ""
    rows = [("facts", facts), ("why", why), ("fix", plain(hazard.fix)), ("cost", plain(hazard.cost))]
    title = Text(plain(hazard.title))
    return Group(head, Padding(Group(title, grid([row for row in rows if row[1]], label_width=7)), (0, 0, 0, 8)))
