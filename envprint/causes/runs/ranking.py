"""Which cause comes first: what the ledgers show, what the environments differ in, and what is left."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from envprint.causes.findings import band_of
from envprint.causes.loading import causes_by_id
from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, Observed
from envprint.report import Dismissed, Finding

# what is left where nothing more particular accounts for it
GENERAL = frozenset(
    ("rng-consumption-shift", "shuffle-order", "dataset-version", "initial-weights", "non-contract-upstream")
)
STREAM = "stream"
ROUNDS = frozenset(("ulp", "small"))  # what parts losses by no more than rounding does within a few steps
SUM = 0.9  # of the confidence of what is left, where rounding parted runs and only some environment facts differ
MOST = 0.95
SAME_INPUTS = "weights, batches and random states were the same up to where the runs part"
CODE = "code-version"


def settle(observed: Iterable[Observed]) -> list[Observed]:
    """Return each cause once, the most likely first; what is general gives way to what is particular."""
    found: dict[str, Observed] = {}
    for each in observed:
        known = found.get(each.cause)
        found[each.cause] = each if known is None else _together(known, each)
    likely = [each.cause for each in found.values() if each.probability >= LIKELY]
    first = next((cause for cause in likely if cause not in GENERAL), next(iter(likely), ""))
    settled = (
        [each if each.cause == first else _given_way(each) for each in found.values()] if first else found.values()
    )
    return sorted(settled, key=lambda each: -each.probability)


def _together(one: Observed, other: Observed) -> Observed:
    evidence = tuple(dict.fromkeys((*one.evidence, *other.evidence)))
    return replace(one, probability=max(one.probability, other.probability), evidence=evidence)


def _given_way(observed: Observed) -> Observed:
    if observed.cause not in GENERAL:
        return observed
    return replace(observed, probability=min(observed.probability, HARDLY))


def finding_of(observed: Observed, known: Finding | None) -> Finding:
    """Return what the ledgers show as a finding, with the changes of the environments that show it too."""
    cause = causes_by_id()[observed.cause]
    status = (
        "confirmed" if observed.probability >= LIKELY else "supported" if observed.probability >= MAYBE else "possible"
    )
    return Finding(
        cause=cause.id, title=cause.title, status=status, confidence=round(observed.probability, 2),
        effect=cause.magnitude, expected=cause.expected or band_of(cause.band),
        measured=known.measured if known else None, changes=known.changes if known else (),
        moved=known.moved if known else (), stayed=known.stayed if known else (), evidence=observed.evidence,
        why=cause.why, fix=cause.fix, cost=cause.cost, see=cause.see,
    )  # fmt: skip


def rank(
    seen: Sequence[Observed],
    environments: Sequence[Finding],
    later: Sequence[Observed] = (),
    *,
    rounding: bool,
    computed: bool,
) -> tuple[tuple[Finding, ...], tuple[Dismissed, ...]]:
    """Return the findings of both, the answer first, and what of the environments cannot have parted the runs.

    `later` is what acts behind where the runs part. `computed`: they part in what is computed from equal inputs;
    `rounding`: and by no more than rounding.
    """
    known = {each.cause: each for each in environments}
    names = {each.cause for each in (*seen, *later)}
    others = [each for each in environments if each.cause not in names]
    dismissed: tuple[Dismissed, ...] = ()
    if computed:
        streams = [each for each in others if each.effect == STREAM]
        dismissed = tuple(Dismissed(cause=each.cause, reason=SAME_INPUTS) for each in streams)
        others = [each for each in others if each.effect != STREAM]
    sure = [finding_of(each, known.get(each.cause)) for each in seen if each.probability >= LIKELY]
    rest = [finding_of(each, known.get(each.cause)) for each in seen if each.probability < LIKELY]
    if sure:
        others = [_lowered(each, HARDLY if _is_of_states(each) else MAYBE) for each in others]
    elif rounding:
        others = _raised(sorted(others, key=lambda each: each.cause == CODE))
    elif computed:
        others = [_lowered(each, HARDLY) if each.effect in ROUNDS else each for each in others]
    between = [] if rounding else [each for each in rest if each.confidence >= MAYBE]
    behind = [each for each in rest if each not in between]
    likely = [*sure, *between] or others[:1]
    also = [finding_of(each, known.get(each.cause)) for each in later]
    return (*likely, *also, *(each for each in others if each not in likely), *behind), dismissed


def _is_of_states(finding: Finding) -> bool:
    """Tell whether a finding rests on random states alone: they follow from whatever parted the runs."""
    return all(path.startswith("rng.") for path in finding.changes)


def _lowered(finding: Finding, most: float) -> Finding:
    """Return a finding of the environments, less sure: beside one that the ledgers show, or too small for the gap."""
    return finding.model_copy(update={"confidence": min(finding.confidence, most)})


def _raised(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings as sure as they are together, where rounding did part the runs: most likely one of them is it."""
    total = sum(each.confidence for each in findings)
    if not total or total >= SUM:
        return list(findings)
    return [
        each.model_copy(
            update={"confidence": round(min(MOST, each.confidence * SUM / total), 2), "status": "supported"}
        )
        for each in findings
    ]
