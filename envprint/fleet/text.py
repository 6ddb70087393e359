"""Render what is said of many manifests as text for a terminal: groups, what explains them, and who is left over."""

from collections.abc import Iterator, Sequence

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.fleet.report import FleetReport, Group, Separating
from envprint.probes.wording import size_of
from envprint.renderers.layout import grid
from envprint.renderers.plain import brief, plain
from envprint.renderers.text import COLOURS

NAMED, CAUSES, KERNELS, APART = 6, 3, 4, 8
LEAST = 0.05  # confidence below which a cause is not worth a line


def lay_out_fleet(report: FleetReport) -> RenderableType:
    """Return the report as a layout that a rich console prints."""
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(report.verdict, style=f"bold {COLOURS[report.verdict]}"), Text(plain(report.summary), style="bold")
    )
    parts: list[RenderableType] = [head, ""]
    for each in report.groups:
        parts += [_group(each), ""]
    rows = [(label, text) for label, text in _ending(report) if text]
    if rows:
        parts.append(grid(rows, label_width=13))
    return Padding(Lines(*parts), (0, 1, 0, 1))


def names_of(members: Sequence[str], most: int = NAMED) -> str:
    """Return some names, and how many more there are."""
    more = f" and {len(members) - most} more" if len(members) > most else ""
    return ", ".join(plain(each) for each in members[:most]) + more


def moved_of(group: Group) -> str:
    """Return which kernels differ from those of the first group, and how far."""
    if not group.moved:
        return ""
    ranked = sorted(group.moved, key=lambda path: -(group.moved[path] or 0))
    sizes = [each for each in group.moved.values() if each is not None]
    far = f", up to {size_of(max(sizes))} relative" if sizes else ""
    named = names_of([path.removeprefix("cpu.") for path in ranked], KERNELS)
    return f"{len(group.moved)} of {group.compared} kernels{far}: {named}"


def fault_of(group: Group) -> str:
    """Return what to think of a group that no fact tells apart."""
    if not group.suspect:
        return ""
    return "no fact that bears on results differs: suspect the machine itself, silent data corruption among others"


def unsettled_lines(group: Group) -> Iterator[str]:
    """Yield which members differ in what no probe computes, and the causes that may act."""
    for each in group.unsettled:
        causes = ", ".join(f"{plain(one.cause)} {one.confidence:.2f}" for one in each.findings[:CAUSES])
        see = f"envprint diff {plain(each.usual)} {plain(each.members[0])}"
        yield f"{names_of(each.members, 3)}, in what no probe computes: {causes or 'other facts'}; {see}"


def _group(group: Group) -> RenderableType:
    head = Table.grid(padding=(0, 2))
    head.add_column(width=2)
    head.add_column()
    count = len(group.members)
    title = f"{count} manifest{'s' * (count != 1)}: {names_of(group.members)}"
    head.add_row(Text(str(group.number), style="bold"), Text(title, style="bold"))
    rows = [("moved", moved_of(group)), ("suspect", fault_of(group)), *_causes(group)]
    rows += [("differs", line) for line in unsettled_lines(group)]
    dismissed = (f"{plain(each.cause)}: {plain(each.reason)}" for each in group.dismissed[:CAUSES])
    rows.append(("ruled out", "; ".join(dismissed)))
    return Lines(head, Padding(grid([row for row in rows if row[1]], label_width=10), (0, 0, 0, 4)))


def _causes(group: Group) -> Iterator[tuple[str, str]]:
    shown = [each for each in group.findings if each.confidence >= LEAST][:CAUSES] or list(group.findings[:1])
    if (group.against or 1) > 1:
        yield "compared", f"with group {group.against}, which is most like it"
    for place, finding in enumerate(shown):
        facts = names_of(finding.changes, 2)
        text = f"{plain(finding.cause)}  {finding.status} {finding.confidence:.2f}  {facts}"
        yield "" if place else "cause", text
    if shown:
        yield "fix", plain(shown[0].fix)
        yield "see", f"envprint diff {plain(group.nearest)} {plain(group.example)}"


def turned_lines(report: FleetReport) -> Iterator[str]:
    """Yield the machines that computed other bits than before, and what to think of that."""
    for each in report.turned:
        named = names_of([path.removeprefix("cpu.") for path in each.kernels], KERNELS)
        why = "and nothing else of it changed" if each.suspect else "and its settings changed too"
        yield f"{plain(each.name)}: {len(each.kernels)} kernels, {named}, {why}"


def _ending(report: FleetReport) -> Iterator[tuple[str, str]]:
    for place, line in enumerate(turned_lines(report)):
        yield "" if place else "turned", line
    for place, fact in enumerate(report.facts):
        yield "" if place else "told by", value_line(fact)
    if len(report.groups) > 1:
        yield "", sufficiency(report)
    for place, each in enumerate(report.apart[:APART]):
        yield "" if place else "unknown", f"{plain(each.name)}: {plain(each.reason)}"
    if len(report.apart) > APART:
        yield "", f"{len(report.apart) - APART} more"
    yield "notes", "; ".join(map(plain, report.notes))


def value_line(fact: Separating) -> str:
    """Return a fact with what it is in each group."""
    values = ", ".join(
        f"{number}: {' or '.join(brief(each, 32) for each in theirs)}" for number, theirs in fact.values.items()
    )
    alike = f"; {len(fact.alike)} more facts divide them alike" if fact.alike else ""
    return f"{plain(fact.path)}  {values}{alike}"


def sufficiency(report: FleetReport) -> str:
    """Return whether the facts tell the group of each manifest."""
    if not report.facts:
        return "no fact tells the groups apart"
    if report.sufficient:
        return f"these facts alone tell each manifest's group, confidence {report.confidence or 0:.2f}"
    return "these facts tell some groups apart, and not all"
