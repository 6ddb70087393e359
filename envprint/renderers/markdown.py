"""Render a report as Markdown to paste into an issue: the answer first, all that differs folded away."""

from collections.abc import Iterable, Iterator, Sequence

from envprint.causes.runs.module_words import say_module
from envprint.probes.wording import distance_of, size_of
from envprint.renderers.drift import headline, remarks, size_rank
from envprint.renderers.facts import TENSORS
from envprint.renderers.markdown_findings import show_findings, show_hazards
from envprint.renderers.markdown_models import show_models
from envprint.renderers.markdown_text import VALUE, code, folded, items, listed, prose, rows
from envprint.renderers.parting import UNKNOWN, say_place, shorten
from envprint.renderers.values import both_values
from envprint.report import Bearing, Checkup, Drift, KernelDrift, Report, SideGap

LONGEST = 60_000  # an issue of GitHub takes 65536 characters
CHANGES = (200, 60, 20, 0)  # so many of each bearing, fewer where the page gets too long
DURATIONS = "taken.durations_ms."
OF_PROBES = ("probes.kernels.", "probes.orders.")
LISTED = 12
KERNELS = 10
BEARINGS: dict[Bearing, str] = {
    "numeric": "may bear on results",
    "none": "do not bear on results",
    "circumstance": "are circumstance",
}


def render_markdown(report: Report) -> str:
    """Return the report as GitHub's Markdown, short enough for an issue."""
    head = [f"**{report.verdict}**: {prose(report.summary)}", *map(prose, report.notes), *_sides(report)]
    answer = [*head, *_parting(report), *show_findings(report), *_unexplained(report)]
    answer += [
        *show_models(report.models),
        *_drift(report.drift),
        *_dismissed(report),
        *show_hazards(report.hazards, "What can part even equal sides"),
        *_gaps(report.gaps),
    ]
    for most in CHANGES:
        text = _joined([*answer, *_changes(report, most)])
        if len(text) <= LONGEST:
            return text
    return _joined([*head, "The rest is too long for an issue: see the report as HTML or JSON."])


def render_checkup_markdown(checkup: Checkup) -> str:
    """Return what is said of one manifest alone as GitHub's Markdown."""
    name = f"{code(checkup.side.name)} " if checkup.side.name else ""
    parts = [prose(checkup.summary), f"{name}{code(checkup.side.id)}", *show_hazards(checkup.hazards, "Hazards")]
    if checkup.unread:
        parts += ["### Not known", listed(checkup.unread)]
    return _joined(parts)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _sides(report: Report) -> Iterator[str]:
    sides = ((name, side) for name, side in report.sides.items())
    yield items((name, " ".join(code(each) for each in (side.name, side.id) if each)) for name, side in sides)


def _parting(report: Report) -> Iterator[str]:
    if report.first_divergence is not None:
        at = report.first_divergence
        yield f"They part {prose(say_place(at))}: {code(shorten(at.a))} / {code(shorten(at.b))}"
        if at.module is not None:
            yield f"The first module: {prose(say_module(at.module))}"
        if at.losses:
            losses = [(code(each.step), code(each.a or UNKNOWN), code(each.b or UNKNOWN)) for each in at.losses]
            yield rows(("step", "loss of a", "loss of b"), losses)


def _unexplained(report: Report) -> Iterator[str]:
    if report.unexplained:
        yield f"**left unexplained** {listed(report.unexplained)}"


def _drift(drift: Drift | None) -> Iterator[str]:
    if drift is None:
        return
    yield f"### Drift\n\n{headline(drift).capitalize()}."
    layers = [
        (code(name), f"{layer.moved} of {layer.compared}", str(layer.unknown or ""), _size(layer.relative))
        for name, layer in list(drift.layers.items())[:LISTED]
    ]
    if layers:
        yield rows(("layer", "moved", "not compared", "typically, relative"), layers)
    moved = sorted((kernel for kernel in drift.kernels if kernel.state == "moved"), key=size_rank)
    if moved:
        count = f"the largest {KERNELS} of {len(moved)}" if len(moved) > KERNELS else f"all {len(moved)}"
        table = rows(("kernel", "samples", "distance", "relative"), map(_kernel, moved[:KERNELS]))
        yield folded(f"kernels that moved: {count}", table)
    yield items((label, prose(text)) for label, text in remarks(drift))


def _kernel(kernel: KernelDrift) -> tuple[str, str, str, str]:
    samples = f"{kernel.differing} of {kernel.sampled}" if kernel.differing else prose(kernel.reason)
    return code(kernel.path.removeprefix("cpu.")), samples, distance_of(kernel), _size(kernel.relative)


def _size(relative: float | None) -> str:
    return "" if relative is None else size_of(relative)


def _dismissed(report: Report) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for entry in report.dismissed:
        by_reason.setdefault(entry.reason, []).append(entry.cause)
    if by_reason:
        more = f"\n- and {len(by_reason) - LISTED} more" if len(by_reason) > LISTED else ""
        lines = (f"- {listed(causes)}: {prose(reason)}" for reason, causes in list(by_reason.items())[:LISTED])
        yield "### Ruled out\n\n" + "\n".join(lines) + more


def _gaps(gaps: Sequence[SideGap]) -> Iterator[str]:
    if gaps:
        cells = [(code(gap.path), gap.side, gap.kind, prose(gap.reason, VALUE)) for gap in gaps[: 2 * LISTED]]
        more = f"\n\nand {len(gaps) - 2 * LISTED} more" if len(gaps) > 2 * LISTED else ""
        yield folded(f"{len(gaps)} not known", rows(("path", "side", "kind", "reason"), cells) + more)


def _changes(report: Report, most: int) -> Iterator[str]:
    """Yield the differences by bearing, without what is told better above: kernels, tensors; and without durations."""
    told = (DURATIONS, *(OF_PROBES if report.drift else ()), *((TENSORS,) if report.models else ()))
    for bearing, said in BEARINGS.items():
        theirs = [change for change in report.changes if change.bearing == bearing and not change.path.startswith(told)]
        if theirs:
            cells = [(code(change.path), *map(code, both_values(change))) for change in theirs[:most]]
            more = f"{len(theirs) - most} more in the HTML or JSON report" if len(theirs) > most else ""
            table = rows(("path", "a", "b"), cells) if cells else ""
            yield folded(f"{len(theirs)} {said}", "\n\n".join(part for part in (table, more) if part))
