"""Render a report as text for a terminal: the answer first, 80 columns, nothing that a value could make it obey."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.bearing import is_dismissed
from envprint.probes.changes import is_evidence
from envprint.renderers.changes import LISTED, listed
from envprint.renderers.drift import lay_out_drift
from envprint.renderers.facts import (
    compares_models_alone,
    settings_left,
    without_models,
)
from envprint.renderers.findings import KERNELS_NAMED, in_full, lay_out_finding
from envprint.renderers.layout import draw, grid
from envprint.renderers.model_drift import lay_out_models
from envprint.renderers.parting import lay_out_parting
from envprint.renderers.plain import plain
from envprint.report import Dismissed, Drift, Finding, Report

LIKELY, HARDLY = 0.5, 0.05
HAZARDS_NAMED = 6
UNMEASURED = 'neither side has probes: envprint capture, and capture(probe="default") in a script, run them'
COLOURS = {"identical": "green", "equivalent": "green", "divergent": "red", "undecidable": "yellow"}


def render_text(report: Report) -> str:
    """Return the report without colour, 80 columns wide, ending with a newline."""
    return draw(lay_out(report))


def lay_out(report: Report) -> RenderableType:
    """Return the report as a layout that a rich console prints in its own width and colours."""
    parts: list[RenderableType] = [_headline(report), *(Text(plain(note), style="dim") for note in report.notes), ""]
    if report.first_divergence:
        parts += [lay_out_parting(report.first_divergence), ""]
    for place, finding in enumerate(in_full(report), 1):
        parts += [lay_out_finding(place, finding, report), ""]
    if report.models:
        parts += [lay_out_models(report.models, settings_left(report)), ""]
    if report.drift:
        parts += [lay_out_drift(report.drift), ""]
    rows = [(label, text) for label, text in _lists(report) if text]
    if rows:
        parts.append(grid(rows, label_width=13))
    return Padding(Group(*parts), (0, 1, 0, 1))


def _headline(report: Report) -> Table:
    line = Table.grid(padding=(0, 2))
    line.add_column(no_wrap=True)
    line.add_column()
    verdict = Text(report.verdict, style=f"bold {COLOURS[report.verdict]}")
    line.add_row(verdict, Text(plain(report.summary), style="bold"))
    return line


def _lists(report: Report) -> Iterator[tuple[str, str]]:
    explained = {path for finding in report.findings for path in finding.changes}
    rest = report.findings[len(in_full(report)) :]
    likely = [finding for finding in rest if finding.confidence >= LIKELY]
    yield "also found", _names(likely)
    hardly = sum(finding.confidence < HARDLY for finding in rest)
    names = _names(finding for finding in rest if finding not in likely and finding.confidence >= HARDLY)
    yield "also possible", "; ".join([*filter(None, [names]), *([f"{hardly} below {HARDLY}"] if hardly else [])])
    yield "left over", _left_over(report)
    if report.drift is None and report.verdict in {"divergent", "undecidable"} and not compares_models_alone(report):
        yield "not measured", UNMEASURED
    told = _told_by_drift(report)
    changes = without_models(report.changes, report)
    numeric = [change for change in changes if change.bearing == "numeric" and change.path not in told]
    yield "may bear", listed(change for change in numeric if change.kind != "unknown" and change.path not in explained)
    yield "unknown", listed(change for change in numeric if change.kind == "unknown")
    yield "ruled out", _grouped(report.dismissed)
    yield "even if equal", _hazards(report)
    none = [
        change
        for change in changes
        if change.bearing == "none" and not is_dismissed(change) and not is_evidence(change.path)
    ]
    yield "no bearing", listed(none, longest=24)
    circumstance = [change for change in changes if change.bearing == "circumstance"]
    yield (
        "circumstance",
        ", ".join(sorted({plain(change.path.removeprefix("taken.").split(".")[0]) for change in circumstance})),
    )


def _names(findings: Iterable[Finding]) -> str:
    return ", ".join(f"{plain(finding.cause)} {finding.confidence:.2f}" for finding in findings)


def _left_over(report: Report) -> str:
    """Return the kernels that moved and that nothing found accounts for."""
    if not report.findings or not report.unexplained:
        return ""
    names = [plain(path.removeprefix("cpu.")) for path in report.unexplained]
    rest = f" and {len(names) - KERNELS_NAMED} more" if len(names) > KERNELS_NAMED else ""
    return f"{', '.join(names[:KERNELS_NAMED])}{rest} moved, and none of these accounts for it"


def _hazards(report: Report) -> str:
    """Return what can part even equal sides, the gravest first."""
    grave = [hazard for hazard in report.hazards if hazard.makes in {"run", "wrong"} and hazard.severity != "low"]
    names = [f"{plain(hazard.cause)} ({hazard.severity})" for hazard in grave]
    rest = f" and {len(names) - HAZARDS_NAMED} more" if len(names) > HAZARDS_NAMED else ""
    return f"{', '.join(names[:HAZARDS_NAMED])}{rest}: see envprint doctor" if names else ""


def _told_by_drift(report: Report) -> set[str]:
    drift = report.drift or Drift()
    paths = {f"probes.kernels.{kernel.path}" for kernel in drift.kernels}
    return paths | {f"probes.orders.{order.path}" for order in drift.orders}


def _grouped(dismissed: Iterable[Dismissed]) -> str:
    """Return what was ruled out, causes of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for entry in dismissed:
        by_reason.setdefault(entry.reason, []).append(entry.cause)
    return "; ".join(plain(f"{', '.join(causes[:LISTED])}: {reason}") for reason, causes in by_reason.items())
