"""Render what is said of many manifests as Markdown, for an issue or a chat."""

from collections.abc import Iterator

from envprint.fleet.report import FleetReport, Group
from envprint.fleet.text import fault_of, moved_of, sufficiency, turned_lines, unsettled_lines
from envprint.renderers.markdown_text import code, folded, items, listed, prose, rows

APART, CAUSES = 40, 5


def render_fleet_markdown(report: FleetReport) -> str:
    """Return the report as Markdown."""
    return "\n\n".join(part for part in _parts(report) if part) + "\n"


def _parts(report: FleetReport) -> Iterator[str]:
    yield f"**{report.verdict}** {prose(report.summary)}"
    yield items([("turned", prose(line)) for line in turned_lines(report)])
    for group in report.groups:
        yield f"### {group.number}: {len(group.members)} manifest{'s' * (len(group.members) != 1)}"
        yield listed(group.members)
        yield items(
            [
                ("moved", prose(moved_of(group))),
                ("suspect", prose(fault_of(group))),
                ("differs", prose("; ".join(unsettled_lines(group)))),
            ]
        )
        yield _causes(group)
    if len(report.groups) > 1:
        told = [(code(fact.path), number, code(" or ".join(map(str, values))))
                for fact in report.facts for number, values in fact.values.items()]  # fmt: skip
        yield f"### What tells them apart\n\n{prose(sufficiency(report))}"
        yield rows(("fact", "group", "values"), told) if told else ""
    if report.apart:
        unknown = rows(("manifest", "why"), [(code(one.name), prose(one.reason)) for one in report.apart[:APART]])
        yield folded(f"{len(report.apart)} not known, or in part", unknown)


def _causes(group: Group) -> str:
    cells = [
        (code(each.cause), prose(each.title), f"{each.status} {each.confidence:.2f}", listed(each.changes, 3))
        for each in group.findings[:CAUSES]
    ]
    return rows(("cause", "what it is", "how sure", "facts"), cells) if cells else ""
