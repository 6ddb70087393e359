"""A report of two models, alone or together with that of their environments."""

from collections.abc import Sequence
from typing import Any

from envprint.causes.loading import causes_by_id
from envprint.causes.models.finding import findings_of, observe
from envprint.causes.models.observed import LIKELY, MAYBE, Observed, counted
from envprint.models.comparing import Comparison, changes_of_models, compare_models
from envprint.models.subject import Subject
from envprint.probes.wording import size_of
from envprint.report import Change, Dismissed, Report, Side, SideName, Verdict

EXACT = "round-trip-exact"
NO_RULE = "it bears on nothing that is known"


def report_models(a: Subject, b: Subject, environments: Report | None, sides: dict[SideName, Side]) -> Report:
    """Return how two models differ, before how their environments do, where those are known too."""
    comparison = compare_models(a, b)
    observed = observe(comparison)
    changes = _judged(changes_of_models(comparison), observed)
    verdict = _verdict(comparison, changes, observed)
    around = environments or Report(verdict="identical", summary="", sides=sides)
    first = tuple(each for each in findings_of(observed, comparison) if each.confidence >= MAYBE)
    rest = tuple(each for each in findings_of(observed, comparison) if each.confidence < MAYBE)
    told = {each.cause for each in (*first, *rest)}
    around_findings = tuple(each for each in around.findings if each.cause not in told)
    return around.model_copy(
        update={
            "verdict": _worse(verdict, around.verdict),
            "summary": _summary(comparison, observed, verdict, environments),
            "findings": (*first, *around_findings, *rest),
            "dismissed": (*_dismissed(comparison), *around.dismissed),
            "models": comparison.drift,
            "changes": (*changes, *around.changes),
        }
    )


def _judged(changes: Sequence[Change], observed: Sequence[Observed]) -> tuple[Change, ...]:
    """Return the changes with what they bear: those that a finding accounts for decide, where it is likely."""
    sure: dict[str, float] = {}
    for each in observed:
        for path in each.paths:
            sure[path] = max(sure.get(path, 0.0), each.probability)
    judged = []
    for change in changes:
        if change.path not in sure:
            update: dict[str, Any] = {
                "bearing": "none" if change.kind != "unknown" else "numeric",
                "why": change.why or NO_RULE,
            }
        else:
            update = {"decisive": sure[change.path] >= LIKELY}
        judged.append(change.model_copy(update=update))
    return tuple(judged)


def _verdict(comparison: Comparison, changes: Sequence[Change], observed: Sequence[Observed]) -> Verdict:
    if "differ" in comparison.drift.outputs.values() or any(each.probability >= LIKELY for each in observed):
        return "divergent"
    if any(each.bearing == "numeric" for each in changes) or observed:
        return "equivalent" if comparison.drift.outputs.get("own") == "same" else "undecidable"
    return "equivalent" if comparison.drift.renaming or changes else "identical"


def _worse(a: Verdict, b: Verdict) -> Verdict:
    order: tuple[Verdict, ...] = ("identical", "equivalent", "undecidable", "divergent")
    return max(a, b, key=order.index)


def _summary(
    comparison: Comparison, observed: Sequence[Observed], verdict: Verdict, environments: Report | None
) -> str:
    """Return one sentence on the models; where they are the same, that of their environments behind it."""
    if observed and observed[0].probability >= MAYBE:
        title = causes_by_id()[observed[0].cause].title
        return f"{title}: {observed[0].evidence[0]}."
    parting = next(iter(comparison.drift.partings), None)
    same = _same(comparison)
    if parting is not None:
        size = f" by {size_of(parting.relative)} relative" if parting.relative else ""
        where = f"in {parting.module} " if parting.module else ""
        same = f"{same[:-1]}, and yet their outputs part {where}first{size}: other kernels computed them."
    elif observed:
        same = f"{same[:-1]}; at most {causes_by_id()[observed[0].cause].title.lower()}."
    if environments is None or environments.verdict == "identical":
        return same if verdict != "identical" or environments is None else f"{same} {environments.summary}"
    return f"{same} {environments.summary}"


def _same(comparison: Comparison) -> str:
    drift = comparison.drift
    if drift.compared and not drift.tensors:
        renamed = f", though {drift.renaming}" if drift.renaming else ""
        outputs = ", and give the same outputs" if drift.outputs.get("own") == "same" else ""
        return f"The models have the same bits in {counted(drift.compared, 'tensor')}{renamed}{outputs}."
    return f"Of {counted(drift.compared, 'tensor')} {drift.identical} have the same bits."


def _dismissed(comparison: Comparison) -> tuple[Dismissed, ...]:
    """Return that saving and loading lost nothing, where a file is on a side and not a bit differs."""
    drift = comparison.drift
    saved = "file" in {comparison.a.kind, comparison.b.kind}
    if not saved or not drift.compared or drift.identical < drift.compared:
        return ()
    return (Dismissed(cause=EXACT, reason=f"{counted(drift.compared, 'tensor')} agree bit for bit"),)
