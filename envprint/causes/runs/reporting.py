"""A report of two recorded runs, on top of that of their environments."""

from envprint.causes.findings import band_of
from envprint.causes.loading import causes_by_id
from envprint.causes.models.observed import LIKELY, MAYBE, Observed
from envprint.causes.runs.parting import ROUNDING, Parting, find_parting, loss_gap
from envprint.causes.runs.seen import RULES
from envprint.manifest.ledger import Run
from envprint.probes.wording import size_of
from envprint.report import Finding, Report

# what only rounding parts: everything that goes in is the same, and the losses nearly are
COMPUTED = ("loss", "gradients", "parameters", "state")


def report_runs(a: Run, b: Run, environments: Report) -> Report:
    """Return when two runs parted, where and why, before how their environments differ."""
    parting = find_parting(a, b)
    if parting is None:
        return _identical(a, b, environments)
    observed = sorted((each for rule in RULES for each in rule(a, b, parting)), key=lambda each: -each.probability)
    seen = tuple(_finding(each) for each in _once(observed))
    computed = _is_rounding(a, b, parting)
    first, rest = (environments.findings, seen) if computed else (seen, environments.findings)
    names = {each.cause for each in first}
    return environments.model_copy(
        update={
            "verdict": "divergent",
            "summary": _summary(a, b, parting, first, computed=computed),
            "first_divergence": parting.divergence(),
            "findings": (*first, *(each for each in rest if each.cause not in names)),
        }
    )


def _once(observed: list[Observed]) -> list[Observed]:
    found: dict[str, Observed] = {}
    for each in observed:
        found.setdefault(each.cause, each)
    return list(found.values())


def _finding(observed: Observed) -> Finding:
    cause = causes_by_id()[observed.cause]
    return Finding(
        cause=cause.id, title=cause.title, status="confirmed" if observed.probability >= LIKELY else "possible",
        confidence=observed.probability, effect=cause.magnitude, expected=cause.expected or band_of(cause.band),
        evidence=observed.evidence, why=cause.why, fix=cause.fix, cost=cause.cost, see=cause.see,
    )  # fmt: skip


def _is_rounding(a: Run, b: Run, parting: Parting) -> bool:
    """Tell whether all that went into the step is the same, and what came out differs by no more than rounding."""
    if parting.component not in COMPUTED:
        return False
    gap = loss_gap(a, b, parting.step)
    return gap is not None and gap <= ROUNDING


def _summary(a: Run, b: Run, parting: Parting, findings: tuple[Finding, ...], *, computed: bool) -> str:
    where = f"at step {parting.step}" if parting.step else "before the first step"
    said = f"They part {where}: {parting.component}"
    gap = loss_gap(a, b, parting.step)
    if parting.component == "loss" and gap:
        said = f"{said} {parting.a} / {parting.b}, {size_of(gap)} relative"
    if computed:
        said = f"{said}, with the same weights, batch and random states: by rounding"
    likely = [each for each in findings if each.confidence >= MAYBE]
    cause = f". {likely[0].title}" if likely else ""
    evidence = f": {likely[0].evidence[0]}" if likely and likely[0].confidence >= LIKELY and likely[0].evidence else ""
    return f"{said}{cause}{evidence}."


def _identical(a: Run, b: Run, environments: Report) -> Report:
    """Return that two runs are the same as far as both went; what differs nonetheless stays in the report."""
    common = sorted({each.step for each in a.ledger} & {each.step for each in b.ledger})
    if not common:
        return environments
    until = f"The runs are the same, bit for bit, up to step {common[-1]}"
    verdict = "identical" if environments.verdict == "identical" else "equivalent"
    nonetheless = "" if verdict == "identical" else "; what differs nonetheless had no effect on them"
    return environments.model_copy(update={"verdict": verdict, "summary": f"{until}{nonetheless}."})
