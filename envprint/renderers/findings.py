"""Lay out a finding as text: what it is and how sure, what shows it, why it acts, and what to do."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.renderers.changes import labelled, sides
from envprint.renderers.facts import changes_behind, is_about_models, tensors_behind
from envprint.renderers.layout import grid
from envprint.renderers.plain import plain
from envprint.renderers.tensor_words import say_tensor
from envprint.report import Finding, Report

FINDINGS_IN_FULL = 3
WORTH_TELLING = 0.1  # of what is less probable the name is enough
CHANGES_OF_A_FINDING = 4
SENTENCES = 4
KERNELS_NAMED = 4


def lay_out_finding(place: int, finding: Finding, report: Report) -> RenderableType:
    """Return a finding as a layout: what it is and how sure, what shows it, why, and what to do."""
    head = Table.grid(padding=(0, 2), expand=True)
    head.add_column(width=2)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    status = f"{finding.status}  {finding.confidence:.2f}"
    head.add_row(Text(str(place), style="bold"), Text(plain(finding.cause), style="bold cyan"), Text(status))
    facts = list(_facts(finding, report))
    rows = [*_seen(finding, report)]
    rows += [("" if place else "facts", fact) for place, fact in enumerate(facts[:CHANGES_OF_A_FINDING])]
    if len(facts) > CHANGES_OF_A_FINDING:
        rows.append(("", f"and {len(facts) - CHANGES_OF_A_FINDING} more"))
    rows += [*_evidence(finding, report), ("why", plain(finding.why)), ("expected", _size(finding))]
    rows += [("fix", plain(finding.fix)), ("cost", plain(finding.cost))]
    return Group(head, Padding(Group(Text(plain(finding.title)), grid(rows, label_width=10)), (0, 0, 0, 4)))


def _seen(finding: Finding, report: Report) -> Iterator[tuple[str, str]]:
    """Yield what speaks for a finding about models or runs: of tensors and settings alone it is seldom plain."""
    if is_about_models(finding, report) or report.first_divergence:
        for place, each in enumerate(finding.evidence[:SENTENCES]):
            yield "" if place else "evidence", plain(each)


def _facts(finding: Finding, report: Report) -> Iterator[str]:
    """Yield the tensors and changes that a finding rests on, each with how it differs."""
    for tensor in tensors_behind(finding, report):
        yield f"{plain(tensor.name)}  {plain(say_tensor(tensor))}"
    behind = {change.path for change in changes_behind(finding, report)}
    for label, change in labelled(change for change in report.changes if change.path in behind):
        yield f"{label}  {sides(change)}"


def in_full(report: Report) -> tuple[Finding, ...]:
    """Return the findings to be told whole: the first, and the next ones as far as they are worth it."""
    first = report.findings[:FINDINGS_IN_FULL]
    return first[:1] + tuple(finding for finding in first[1:] if finding.confidence >= WORTH_TELLING)


def _evidence(finding: Finding, report: Report) -> Iterator[tuple[str, str]]:
    """Yield what the probes, and known bugs, say of a finding."""
    if finding.wrong:
        yield "wrong", plain("; ".join(each for each in finding.evidence if "known bug" in each))
    if finding.moved:
        names = [plain(path.removeprefix("cpu.")) for path in finding.moved]
        rest = f" and {len(names) - KERNELS_NAMED} more" if len(names) > KERNELS_NAMED else ""
        compared = sum(kernel.state != "unknown" for kernel in report.drift.kernels) if report.drift else 0
        yield "moved", f"{', '.join(names[:KERNELS_NAMED])}{rest}: {len(names)} of {compared} kernels"
    if finding.stayed:
        yield "stayed", plain(", ".join(finding.stayed))


def _size(finding: Finding) -> str:
    expected = plain(finding.expected or "not known")
    return f"{expected}   measured {plain(finding.measured)}" if finding.measured else expected
