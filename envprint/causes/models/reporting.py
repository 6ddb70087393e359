"""A report of two models, alone or together with that of their environments."""

from collections.abc import Sequence
from typing import Any

from envprint.causes.loading import causes_by_id
from envprint.causes.models.finding import findings_of, observe
from envprint.causes.models.observed import LIKELY, MAYBE, Observed, counted
from envprint.models.comparing import Comparison, changes_of_models, compare_models
from envprint.models.subject import Subject
from envprint.probes.wording import size_of
from envprint.report import Change, Dismissed, Parting, Report, Side, SideName, Verdict

EXACT = "round-trip-exact"
PARTS = ("use_cache", "return_dict", "output_attentions", "output_hidden_states")  # decide what a model returns
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
    outputs = comparison.drift.outputs
    if any(each.probability >= LIKELY for each in observed):
        return "divergent"
    if "differ" in outputs.values() and not _give_other_parts(comparison):
        return "divergent"
    if any(each.probability >= MAYBE for each in observed) or any(each.kind == "unknown" for each in changes):
        return "equivalent" if outputs.get("own") == "same" else "undecidable"
    return "equivalent" if comparison.drift.renaming or changes or observed else "identical"


def _give_other_parts(comparison: Comparison) -> bool:
    """Tell whether outputs differ in what belongs to them, as with a cache or without, and in no module before."""
    asked = any(each.name.rpartition(".")[2] in PARTS for each in comparison.settings)
    apart = [each.relative for each in comparison.drift.partings]
    return asked and not any(apart)


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
    same = _same(comparison)
    parting = next(iter(comparison.drift.partings), None)
    if parting is not None and verdict == "divergent":
        same = f"{same}, and yet their outputs {_say(parting)}"
    elif observed:
        same = f"{same}; possible: {causes_by_id()[observed[0].cause].title}"
    if environments is None or (environments.verdict == "identical" and verdict != "identical"):
        return f"{same}."
    return f"{same}. Their environments: {_within_a_sentence(environments.summary)}"


def _within_a_sentence(words: str) -> str:
    """Return a sentence as it stands after a colon; names such as TF32 keep their letters."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def _say(parting: Parting) -> str:
    """Say where outputs part of which nothing is known that parts them, and what that leaves."""
    size = f" by {size_of(parting.relative)} relative" if parting.relative else ""
    if not parting.module:
        return f"part{size}"
    if parting.same_inputs is False:
        return f"part first in {parting.module}{size}, whose inputs differ: code between the modules parts them"
    alike = ", with equal weights and inputs: other kernels or other code" if parting.same_weights else ""
    return f"part first in {parting.module}{size}{alike}"


def _same(comparison: Comparison) -> str:
    """Return how many tensors are the same, and whether the outputs are."""
    drift = comparison.drift
    outputs = ", and the outputs are the same" if drift.outputs.get("own") == "same" else ""
    if not drift.compared:
        return "No tensor of one model is in the other"
    tensors = counted(drift.compared, "tensor")
    if drift.identical < drift.compared:
        return f"Of {tensors} {drift.identical} have the same bits{outputs}"
    renamed = f", though {drift.renaming}" if drift.renaming else ""
    both = f"all {tensors} that both have" if drift.tensors else tensors
    return f"The models have the same bits in {both}{renamed}{outputs}"


def _dismissed(comparison: Comparison) -> tuple[Dismissed, ...]:
    """Return that saving and loading lost nothing, where a file is on a side and not a bit differs."""
    drift = comparison.drift
    saved = "file" in {comparison.a.kind, comparison.b.kind}
    if not saved or not drift.compared or drift.identical < drift.compared:
        return ()
    return (Dismissed(cause=EXACT, reason=f"{counted(drift.compared, 'tensor')} agree bit for bit"),)
