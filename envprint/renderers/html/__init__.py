"""Render a report, or a checkup, as one HTML page: to be opened, sent and kept; it asks the network for nothing."""

from collections.abc import Iterable

from envprint.renderers.html.changes import (
    show_changes,
    show_dismissed,
    show_gaps,
    show_unexplained,
    show_unread,
)
from envprint.renderers.html.elements import Html, code, lines, tag, words
from envprint.renderers.html.findings import show_findings, show_hazards
from envprint.renderers.html.kernels import show_drift
from envprint.renderers.html.models import show_models
from envprint.renderers.html.orders import show_orders
from envprint.renderers.html.page import render_page
from envprint.renderers.html.parting import show_parting
from envprint.report import Checkup, Report, Side, Verdict

SIGNS: dict[Verdict, str] = {"identical": "=", "equivalent": "≈", "divergent": "≠", "undecidable": "?"}


def render_html(report: Report) -> str:
    """Return the report as a page: the answer first, then what shows it, then all that differs."""
    sign = tag("span", SIGNS[report.verdict], class_="sign", aria_hidden="true")
    header = [
        tag("p", "envprint diff", class_="brand"),
        tag("p", sign, report.verdict, class_=f"verdict {report.verdict}"),
        tag("h1", words(report.summary)),
        *(tag("p", words(note)) for note in report.notes),
        _sides(report.sides.items()),
    ]
    sections = [
        show_parting(report.first_divergence),
        show_findings(report),
        show_unexplained(report.unexplained),
        show_models(report.models),
        *([show_drift(report.drift), show_orders(report.drift.orders)] if report.drift else []),
        show_dismissed(report.dismissed),
        show_hazards(report.hazards, "What can part even equal sides"),
        show_gaps(report.gaps),
        show_changes(report),
    ]
    return render_page(f"{report.verdict} · envprint", report.schema_, header, sections)


def render_checkup_html(checkup: Checkup) -> str:
    """Return what is said of one manifest alone as a page."""
    header = [
        tag("p", "envprint doctor", class_="brand"),
        tag("h1", words(checkup.summary)),
        _sides([("of", checkup.side)]),
    ]
    sections = [show_hazards(checkup.hazards, "Hazards", open_=("high", "medium")), show_unread(checkup.unread)]
    return render_page("checkup · envprint", checkup.schema_, header, sections)


def _sides(sides: Iterable[tuple[str, Side]]) -> Html:
    """Return which manifests were compared."""
    return tag("dl", lines(_side(name, side) for name, side in sides), class_="manifests")


def _side(name: str, side: Side) -> Html:
    shown = code(side.name) if side.name else "without a name"
    return tag("div", tag("dt", name), tag("dd", shown, " ", code(side.id or "no id", class_="id")))
