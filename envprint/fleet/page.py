"""Render what is said of many manifests as one HTML page, as that of a comparison of two."""

from collections.abc import Sequence

from envprint.fleet.picture import draw_fleet
from envprint.fleet.report import FleetReport, Group
from envprint.fleet.text import fault_of, moved_of, sufficiency, turned_lines, unsettled_lines
from envprint.renderers.html import SIGNS
from envprint.renderers.html.elements import Html, code, join, lines, tag, words
from envprint.renderers.html.page import render_page
from envprint.renderers.html.tables import definitions, fold, section, table
from envprint.report import Finding

NAMED, MOST, CAUSES = 12, 2000, 5


def render_fleet_html(report: FleetReport) -> str:
    """Return the report as a page: the answer, the picture, the groups, and what tells them apart."""
    sign = tag("span", SIGNS[report.verdict], class_="sign", aria_hidden="true")
    header = [
        tag("p", "envprint diff", class_="brand"),
        tag("p", sign, report.verdict, class_=f"verdict {report.verdict}"),
        tag("h1", words(report.summary)),
        *(tag("p", words(f"Turned: {line}.")) for line in turned_lines(report)),
        *(tag("p", words(note)) for note in report.notes),
    ]
    sections = [
        section("machines", "Machines by kernels", draw_fleet(report)) if len(report.groups) > 1 else Html(),
        _told(report),
        section("groups", "Groups of the same bits", *(_group(each) for each in report.groups[:MOST])),
        _apart(report),
    ]
    return render_page(f"{report.verdict} · envprint", report.schema_, header, sections)


def _told(report: FleetReport) -> Html:
    if len(report.groups) < 2:  # noqa: PLR2004 - one group has nothing that tells it
        return Html()
    rows = [
        (code(fact.path), code(fact.cause), code(str(number)), join([code(str(each)) for each in theirs], " "))
        for fact in report.facts
        for number, theirs in fact.values.items()
    ]
    columns = ("fact", "cause", "group", "values")
    facts = table("changes", columns, rows[:MOST]) if rows else Html()
    return section("facts", "What tells the groups apart", tag("p", f"{sufficiency(report).capitalize()}."), facts)


def _group(group: Group) -> Html:
    count = len(group.members)
    head = [
        tag("span", str(group.number), class_="place"),
        tag("h3", f"{count} manifest{'s' * (count != 1)}"),
    ]
    pairs = [
        ("machines", _names(group.members)),
        ("moved", words(moved_of(group))),
        ("suspect", words(fault_of(group))),
        ("causes", _causes(group.findings[:CAUSES])),
        ("fix", tag("pre", tag("code", words(group.findings[0].fix))) if group.findings else ""),
        ("differs", words("; ".join(unsettled_lines(group)))),
        ("ruled out", join([join([code(one.cause), ": ", words(one.reason)]) for one in group.dismissed[:MOST]], "; ")),
        ("compared", f"with group {group.against}, which is most like it" if (group.against or 1) > 1 else ""),
        ("see", code(f"envprint diff {group.nearest} {group.example}") if group.nearest else ""),
    ]  # fmt: skip
    return tag("article", lines([tag("header", *head), definitions(pairs)]), class_="card")


def _causes(findings: Sequence[Finding]) -> Html:
    rows = [
        (code(each.cause), words(each.title), f"{each.status} {each.confidence:.2f}", _names(each.changes))
        for each in findings
    ]
    return table("changes", ("cause", "what it is", "how sure", "facts"), rows) if rows else Html()


def _names(names: Sequence[str]) -> Html:
    shown = [code(each) for each in names[:MOST]]
    if len(shown) <= NAMED:
        return join(shown, " ")
    rest = fold(f"{len(names) - NAMED} more", tag("p", join(shown[NAMED:], " "), class_="names"))
    return join([join(shown[:NAMED], " "), rest])


def _apart(report: FleetReport) -> Html:
    if not report.apart:
        return Html()
    rows = [(code(each.name), words(each.reason)) for each in report.apart[:MOST]]
    return section("apart", "Not known, or in part", table("values", ("manifest", "why"), rows))
