"""Why groups differ: what two members that are nearly alike show, as far as all the others leave it standing."""

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from envprint.causes import foresee
from envprint.fleet.grouping import agreement
from envprint.fleet.reading import Catalogue, Known, Reading
from envprint.fleet.report import Group
from envprint.fleet.settling import unsettled
from envprint.probes.drift import measure_drift
from envprint.report import Change, Dismissed, Finding, Report

EXAMPLES, NEIGHBOURS = 4, 2000  # members of each group of which the nearest pair is sought
SURE = 0.99
UNKNOWN = 0.1  # how probable it is that what acts is in no catalog


@dataclass(frozen=True)
class Held:
    """Which value each manifest holds at some paths."""

    values: Mapping[str, Mapping[str, str]]

    def of(self, name: str, path: str) -> str | None:
        """Return the value of a manifest at a path, as JSON; None where it has none."""
        return self.values.get(name, {}).get(path)


def explain_group(number: int, groups: Sequence[Sequence[Known]], catalogue: Catalogue, read: Reading) -> Group:
    """Return what tells a group from the earlier one that is most like it."""
    theirs = groups[number - 1]
    against = max(range(number - 1), key=lambda place: agreement(theirs, groups[place]))
    first = groups[against]
    example, nearest = nearest_pair(theirs, first)
    report = foresee(read(nearest.name), read(example.name), name_a=nearest.name, name_b=example.name)
    drift = measure_drift(read(groups[0][0].name), read(example.name)) if against else report.drift
    kernels = drift.kernels if drift else ()
    moved = {kernel.path: kernel.relative for kernel in kernels if kernel.state == "moved"}
    held = values_at({path for finding in report.findings for path in finding.changes}, [*theirs, *first], catalogue)
    findings, dismissed = judged(report, example.name, nearest.name, theirs, first, held)
    return Group(
        number=number,
        members=tuple(each.name for each in theirs),
        example=example.name,
        against=against + 1,
        nearest=nearest.name,
        compared=sum(kernel.state != "unknown" for kernel in kernels),
        moved=moved,
        findings=findings,
        dismissed=dismissed,
        unsettled=unsettled(theirs, catalogue, read),
        suspect=bool(moved) and not any(change.bearing == "numeric" for change in _facts_of(report)),
    )


def nearest_pair(some: Sequence[Known], others: Sequence[Known]) -> tuple[Known, Known]:
    """Return a member of each group, of which the facts differ least."""
    candidates = [(each, set(each.facts)) for each in some[:EXAMPLES]]
    pairs = ((one, other, len(facts.symmetric_difference(other.facts))) for one, facts in candidates
             for other in others[:NEIGHBOURS])  # fmt: skip
    best = min(pairs, key=operator.itemgetter(2))
    return best[0], best[1]


def values_at(paths: Iterable[str], members: Iterable[Known], catalogue: Catalogue) -> Held:
    """Return what each of the manifests holds at some paths."""
    wanted = set(paths)
    numbers = {number: pair for pair, number in catalogue.pairs.items() if pair[0] in wanted}
    return Held({each.name: dict(numbers[number] for number in each.facts if number in numbers) for each in members})


def judged(  # noqa: PLR0913, PLR0917 - both sides, and what all of them hold
    report: Report, example: str, nearest: str, theirs: Sequence[Known], first: Sequence[Known], held: Held
) -> tuple[tuple[Finding, ...], tuple[Dismissed, ...]]:
    """Return the causes that no member contradicts, and the others, with who does.

    A machine of one group that has all that a cause rests on as the other has it shows that this alone does not make
    the other's bits. Since something did, what is left is the surer for it.
    """
    left: list[Finding] = []
    ruled_out: list[Dismissed] = []
    for finding in report.findings:
        paths = [path for path in finding.changes if held.of(example, path) != held.of(nearest, path)]
        against = _contradicting(paths, example, first, held) or _contradicting(paths, nearest, theirs, held)
        if against:
            reason = f"{against} has the same there, and computes other bits"
            ruled_out.append(Dismissed(cause=finding.cause, reason=reason))
        else:
            left.append(finding)
    if ruled_out:
        acts = 1 - math.prod(1 - each.confidence for each in left)
        scale = 1 / (acts + UNKNOWN * (1 - acts))
        left = [_scaled(each, scale) for each in left]
    return tuple(_backed(each, len(theirs), len(first)) for each in left), tuple(ruled_out)


def _contradicting(paths: Sequence[str], like: str, members: Sequence[Known], held: Held) -> str:
    """Return the first of the members that holds at all paths what another does, which computes other bits."""
    if not paths:
        return ""
    found = (each.name for each in members if all(held.of(each.name, path) == held.of(like, path) for path in paths))
    return next(found, "")


def _scaled(finding: Finding, scale: float) -> Finding:
    return finding.model_copy(update={"confidence": round(min(SURE, finding.confidence * scale), 2)})


def _backed(finding: Finding, ours: int, others: int) -> Finding:
    """Return a finding with what the other members say for it; a pair alone says nothing more."""
    if ours == others == 1:
        return finding
    said = f"it tells {ours} of this group from {others} of the other, each with the bits of its own"
    return finding.model_copy(update={"evidence": (*finding.evidence, said)})


def _facts_of(report: Report) -> Iterable[Change]:
    return (change for change in report.changes if not change.path.startswith("probes"))
