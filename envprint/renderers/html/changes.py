"""All that differs, folded by its bearing; what was ruled out; what is not known."""

from collections.abc import Sequence

from envprint.renderers.facts import TENSORS
from envprint.renderers.html.elements import Html, code, join, tag, words
from envprint.renderers.html.tables import fold, section, table
from envprint.renderers.values import both_values
from envprint.report import Bearing, Change, Dismissed, Report, SideGap

MOST = 5000
DURATIONS = "taken.durations_ms."  # how long each probe took: a hundred rows that nobody asked for
BEARINGS: dict[Bearing, str] = {
    "numeric": "may bear on results",
    "none": "do not bear on results",
    "circumstance": "are circumstance: when, where, under which load",
}


def show_changes(report: Report) -> Html:
    """Return every path that differs, with both values; not the tensors of models, which are drawn."""
    told = (DURATIONS, TENSORS) if report.models else (DURATIONS,)
    changes = [change for change in report.changes if not change.path.startswith(told)]
    folds = [_of_bearing(bearing, changes) for bearing in BEARINGS]
    return section("changes", "All that differs", *folds) if any(folds) else Html()


def _of_bearing(bearing: Bearing, changes: Sequence[Change]) -> Html:
    theirs = [change for change in changes if change.bearing == bearing]
    if not theirs:
        return Html()
    rows = [_row(change) for change in theirs[:MOST]]
    more = f"; the first {MOST} are listed" if len(theirs) > MOST else ""
    with_reason = any(change.why for change in theirs)
    columns = ("path", "a", "b", "reason") if with_reason else ("path", "a", "b")
    shown = table("changes", columns, (row[: len(columns)] for row in rows))
    return fold(f"{len(theirs)} {BEARINGS[bearing]}{more}", shown)


def _row(change: Change) -> tuple[str, str, str, str]:
    a, b = both_values(change, 400)
    if change.kind == "unknown" and change.a is None and change.b is None:
        a = b = "could not be read"
    return code(change.path), code(a), code(b), words(change.why)


def show_unexplained(kernels: Sequence[str]) -> Html:
    """Return the kernels that no finding accounts for."""
    if not kernels:
        return Html()
    listed = join((code(path.removeprefix("cpu.")) for path in kernels[:MOST]), " ")
    said = f"{len(kernels)} kernel{'' if len(kernels) == 1 else 's'} moved that no finding accounts for."
    return section("unexplained", "Left unexplained", tag("p", said), tag("p", listed, class_="names"))


def show_dismissed(dismissed: Sequence[Dismissed]) -> Html:
    """Return what was ruled out, causes of one reason together."""
    if not dismissed:
        return Html()
    by_reason: dict[str, list[str]] = {}
    for entry in dismissed[:MOST]:
        by_reason.setdefault(entry.reason, []).append(entry.cause)
    rows = [(join(map(code, causes), " "), words(reason)) for reason, causes in by_reason.items()]
    return section("dismissed", "Ruled out", table("dismissed", ("what", "how"), rows))


def show_gaps(gaps: Sequence[SideGap]) -> Html:
    """Return what could not be read, or is not there, on a side."""
    if not gaps:
        return Html()
    rows = [(code(gap.path), gap.side, gap.kind, words(gap.reason)) for gap in gaps[:MOST]]
    shown = table("gaps", ("path", "side", "kind", "reason"), rows)
    count = f"{len(gaps)} fact{'' if len(gaps) == 1 else 's'} of one side or both"
    return section("gaps", "Not known", fold(count, shown, open_=len(gaps) <= 12))  # noqa: PLR2004 - they fit


def show_unread(paths: Sequence[str]) -> Html:
    """Return what a checkup could not read."""
    if not paths:
        return Html()
    return section("unread", "Not known", tag("p", join((code(path) for path in paths[:MOST]), " "), class_="names"))
