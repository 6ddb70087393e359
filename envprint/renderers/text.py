"""Render a report as text for a terminal: the answer first, 80 columns, nothing that a value could make it obey."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.bearing import is_dismissed
from envprint.probes.changes import is_evidence
from envprint.renderers.drift import lay_out_drift
from envprint.renderers.plain import LONGEST, brief, plain, size
from envprint.report import Change, Dismissed, Drift, Finding, Report

WIDTH = 80
FINDINGS_IN_FULL = 3
CHANGES_OF_A_FINDING = 4
LISTED = 12
VARIABLE = "variables.environment."
BYTES = re.compile(r"(^|\.|_)(bytes|caches_bytes\..+)$")
COLOURS = {"identical": "green", "equivalent": "green", "divergent": "red", "undecidable": "yellow"}
FOLDED = {
    "packages.installed": "packages",
    "packages.twice": "packages installed twice",
    "packages.conda": "conda packages",
    "libraries.loaded": "libraries",
    "libraries.other_copies": "copies on the search path",
    "cpu.mitigations": "mitigations",
    "accelerators.devices": "facts of GPUs as the driver shows them",
    "torch.build": "build settings of torch",
}


def render_text(report: Report) -> str:
    """Return the report without colour, 80 columns wide, ending with a newline."""
    return draw(lay_out(report))


def draw(layout: RenderableType, width: int = WIDTH) -> str:
    """Return a layout as plain text."""
    page = io.StringIO()
    console = Console(
        file=page, width=width, color_system=None, force_terminal=False, legacy_windows=False,
        emoji=False, markup=False, highlight=False, _environ={},
    )  # fmt: skip
    console.print(layout)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).rstrip("\n") + "\n"


def lay_out(report: Report) -> RenderableType:
    """Return the report as a layout that a rich console prints in its own width and colours."""
    parts: list[RenderableType] = [_headline(report), ""]
    for place, finding in enumerate(report.findings[:FINDINGS_IN_FULL], 1):
        parts += [_finding(place, finding, report), ""]
    if report.drift:
        parts += [lay_out_drift(report.drift), ""]
    rows = [(label, text) for label, text in _lists(report) if text]
    if rows:
        parts.append(_rows(rows, label_width=13))
    return Padding(Group(*parts), (0, 1, 0, 1))


def _headline(report: Report) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(
        Text(report.verdict, style=f"bold {COLOURS[report.verdict]}"), Text(plain(report.summary), style="bold")
    )
    return grid


def _finding(place: int, finding: Finding, report: Report) -> Group:
    head = Table.grid(padding=(0, 2), expand=True)
    head.add_column(width=2)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    status = f"{finding.status}  {finding.confidence:.2f}"
    head.add_row(Text(str(place), style="bold"), Text(plain(finding.cause), style="bold cyan"), Text(status))
    by_path = {change.path: change for change in report.changes}
    facts = [f"{label}  {sides(change)}" for label, change in labelled(by_path[path] for path in finding.changes)]
    rows = [("" if place else "facts", fact) for place, fact in enumerate(facts[:CHANGES_OF_A_FINDING])]
    if len(facts) > CHANGES_OF_A_FINDING:
        rows.append(("", f"and {len(facts) - CHANGES_OF_A_FINDING} more"))
    rows += [("why", plain(finding.why)), ("expected", plain(finding.expected or "not known"))]
    if finding.measured:
        rows.append(("measured", plain(finding.measured)))
    rows += [("fix", plain(finding.fix)), ("cost", plain(finding.cost))]
    return Group(head, Padding(Group(Text(plain(finding.title)), _rows(rows, label_width=10)), (0, 0, 0, 4)))


def _rows(rows: Iterable[tuple[str, str]], *, label_width: int) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=label_width, style="dim")
    grid.add_column(overflow="fold")
    for label, text in rows:
        grid.add_row(Text(label), Text(text))
    return grid


def _lists(report: Report) -> Iterator[tuple[str, str]]:
    explained = {path for finding in report.findings for path in finding.changes}
    rest = report.findings[FINDINGS_IN_FULL:]
    yield "also possible", ", ".join(f"{plain(finding.cause)} {finding.confidence:.2f}" for finding in rest)
    told = _told_by_drift(report)
    numeric = [change for change in report.changes if change.bearing == "numeric" and change.path not in told]
    yield "may bear", listed(change for change in numeric if change.kind != "unknown" and change.path not in explained)
    yield "unknown", listed(change for change in numeric if change.kind == "unknown")
    yield "ruled out", _grouped(report.dismissed)
    none = [
        change
        for change in report.changes
        if change.bearing == "none" and not is_dismissed(change) and not is_evidence(change.path)
    ]
    yield "no bearing", listed(none, longest=24)
    circumstance = [change for change in report.changes if change.bearing == "circumstance"]
    yield (
        "circumstance",
        ", ".join(sorted({plain(change.path.removeprefix("taken.").split(".")[0]) for change in circumstance})),
    )


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


def listed(changes: Iterable[Change], longest: int = LONGEST) -> str:
    """Return changes as a sentence's list: many of one kind as their number, the others with both values."""
    folded: dict[str, int] = {}
    unread: list[str] = []
    single: list[str] = []
    for label, change in labelled(changes):
        group = next((prefix for prefix in FOLDED if change.path.startswith(f"{prefix}.")), None)
        if group is not None:
            folded[group] = folded.get(group, 0) + 1
        elif change.kind == "unknown" and change.a is None and change.b is None:
            unread.append(label)
        else:
            single.append(f"{label} {sides(change, longest)}")
    texts = [f"{number} {FOLDED[group]}" for group, number in folded.items()]
    if unread:
        rest = f" and {len(unread) - LISTED} more" if len(unread) > LISTED else ""
        single.insert(0, f"{', '.join(unread[:LISTED])}{rest} could not be read")
    more = len(single) - LISTED
    return "; ".join([*single[:LISTED], *([f"{more} more"] if more > 0 else []), *texts])


def labelled(changes: Iterable[Change]) -> list[tuple[str, Change]]:
    """Return changes with what to call them: a variable by its name, once where it is the same at exec and now."""
    by_path = {change.path: change for change in changes}
    named: list[tuple[str, Change]] = []
    for path, change in by_path.items():
        name, _, when = path.removeprefix(VARIABLE).rpartition(".")
        if not path.startswith(VARIABLE) or when not in ("at_exec", "now"):
            named.append((plain(path), change))
            continue
        other = by_path.get(f"{VARIABLE}{name}.{'now' if when == 'at_exec' else 'at_exec'}")
        both = other is not None and (change.kind, change.a, change.b) == (other.kind, other.a, other.b)
        if not both:
            named.append((f"variable {plain(name)} {'when the process began' if when == 'at_exec' else 'now'}", change))
        elif when == "at_exec":
            named.append((f"variable {plain(name)}", change))
    return named


def sides(change: Change, longest: int = LONGEST) -> str:
    """Return both values of a change; of two lists what each has that the other lacks."""
    if change.kind == "unknown":
        if change.a is None and change.b is None:
            return "could not be read"
        return " / ".join("unknown" if value is None else brief(value, longest) for value in (change.a, change.b))
    if isinstance(change.a, (list, tuple)) and isinstance(change.b, (list, tuple)):
        return _difference(change.a, change.b, longest)
    if isinstance(change.a, int) and isinstance(change.b, int) and BYTES.search(change.path):
        texts = size(change.a), size(change.b)
        if texts[0] != texts[1]:
            return " / ".join(texts)
    return f"{brief(change.a, longest)} / {brief(change.b, longest)}"


def _difference(a: Sequence[object], b: Sequence[object], longest: int) -> str:
    in_a, in_b = set(map(repr, a)), set(map(repr, b))  # items may be lists
    only_a, only_b = [item for item in a if repr(item) not in in_b], [item for item in b if repr(item) not in in_a]
    if not only_a and not only_b:
        return "in another order"
    parts = [f"only in {side}: {brief(items, longest)}" for side, items in (("a", only_a), ("b", only_b)) if items]
    return ", ".join(parts)
