"""Who of the suspects did it: what the probes rule out, and how probable the others are."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from envprint.causes.coverage import compared_kernels, is_covered_by_probes
from envprint.causes.evidence import Evidence, give_to_threads, weigh
from envprint.causes.ranking import rank
from envprint.causes.suspects import Sides, Suspect
from envprint.manifest.patterns import matches
from envprint.report import Change, Drift, KernelDrift

UNLIKELY = 0.02  # what the evidence leaves less probable than this is ruled out


@dataclass(frozen=True)
class Judged:
    """A suspect that is left, its evidence, and how probable it is that it acts."""

    evidence: Evidence
    probability: float

    @property
    def is_direct(self) -> bool:
        """Tell whether a fact shows the cause without doubt."""
        suspect = self.evidence.suspect
        changed = [change.path for change in suspect.changes if change.kind == "changed"]
        return any(matches(pattern, path) for pattern in suspect.cause.direct for path in changed)

    def rests_on(self, changes: Iterable[Change]) -> "Judged":
        """Return the suspect with more changes that show it."""
        return replace(self, evidence=replace(self.evidence, suspect=self.evidence.suspect.rests_on(changes)))


def judge(suspects: Sequence[Suspect], drift: Drift | None, sides: Sides) -> tuple[list[Judged], dict[str, str]]:
    """Return the suspects that are left, and by cause how the probes ruled out the others."""
    compared = compared_kernels(drift)
    ruled_out: dict[str, str] = {}
    left: list[Evidence] = []
    for evidence in give_to_threads([weigh(suspect, compared) for suspect in suspects], compared):
        if reason := _shown_to_be_without_effect(evidence, compared, sides):
            ruled_out[evidence.cause.id] = reason
        else:
            left.append(evidence)
    judged: list[Judged] = []
    for evidence, probability in zip(left, rank(left, compared), strict=True):
        if probability < UNLIKELY and evidence.reach and evidence.suspect.bug is None:
            ruled_out[evidence.cause.id] = _why_unlikely(evidence, compared)
        else:
            judged.append(Judged(evidence, probability))
    return judged, ruled_out


def _shown_to_be_without_effect(evidence: Evidence, compared: Sequence[KernelDrift], sides: Sides) -> str:
    """Return how the probes rule a suspect out; nothing where they do not."""
    moved = {kernel.path for kernel in compared if kernel.state == "moved"}
    suspect = evidence.suspect
    if suspect.bug is not None or suspect.late or evidence.reach & moved:
        return ""
    if not is_covered_by_probes(evidence.cause, compared, sides):
        return ""
    count = len(evidence.reach)
    return f"its {count} kernels agree bit for bit" if count > 1 else "its kernel agrees bit for bit"


def _why_unlikely(evidence: Evidence, compared: Sequence[KernelDrift]) -> str:
    states = {kernel.path: kernel.state for kernel in compared}
    stayed = [path for path in evidence.surely if states[path] == "identical"]
    if stayed:
        return f"{len(stayed)} of {len(evidence.surely)} kernels that it always moves agree bit for bit"
    if evidence.is_unlike:
        return "what moved does not look like it: another size, or not undone by one thread"
    return "others account better for what moved"


def fold(judged: Sequence[Judged]) -> list[Judged]:
    """Return the suspects without those that follow from a wider one that is left, and that accounts for the same.

    The wider one has their changes, too.
    """
    left = {each.evidence.cause.id: each for each in judged}
    told: dict[str, list[Judged]] = {}
    kept: list[Judged] = []
    for each in judged:
        wider = _widest(each, left, {each.evidence.cause.id})
        if wider is None or each.evidence.suspect.bug is not None:
            kept.append(each)
        else:
            told.setdefault(wider.evidence.cause.id, []).append(each)
    return [_together(each, told.get(each.evidence.cause.id, ())) for each in kept]


def _together(wider: Judged, narrow: Sequence[Judged]) -> Judged:
    """Return a wider suspect with what follows from it: it acts where any of them does."""
    changes = [change for each in narrow for change in each.evidence.suspect.changes]
    none = math.prod(1 - each.probability for each in (wider, *narrow) if each is wider or each.evidence.covers)
    told = wider.rests_on(changes)
    covers = told.evidence.covers.union(*(each.evidence.covers for each in narrow))
    return Judged(replace(told.evidence, covers=covers), 1 - none)


def _widest(narrow: Judged, left: Mapping[str, Judged], seen: set[str]) -> Judged | None:
    """Return the widest suspect that one follows from, over all steps."""
    for name in narrow.evidence.cause.wider:
        wider = left.get(name)
        if wider is not None and name not in seen and narrow.evidence.covers <= wider.evidence.reach:
            return _widest(wider, left, seen | {name}) or wider
    return None
