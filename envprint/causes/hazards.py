"""What can part equal environments, another place, or make outputs repeat: read in one manifest at a time."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from envprint.causes.cause import Bug, Cause, Effect, State
from envprint.causes.conditions import all_hold, where_it_holds
from envprint.causes.evidence import reaches
from envprint.causes.loading import causes_by_id, load_catalog
from envprint.causes.suspects import bugs_in
from envprint.manifest import Manifest
from envprint.manifest.facts import Facts, facts_of
from envprint.probes.drift import felt_layers, measure
from envprint.report import Hazard, KernelDrift, Severity, SideName

SHOWN = 0.95  # how likely a hazard is that the probes saw
RARELY = 0.05
ON_A_CPU = "cpu-sdc"  # what makes kernels of a CPU differ from run to run
# that bits differ at all weighs more than by how much
WEIGHTS = {"stream": 1.0, "gross": 1.0, "error": 1.0, "medium": 0.8, "small": 0.7, "ulp": 0.6, "amplifier": 0.4}
HIGH, MEDIUM = 0.5, 0.15
Makes = Literal["run", "place", "repeat", "wrong"]


def find_hazards(*manifests: tuple[SideName, Manifest]) -> tuple[Hazard, ...]:
    """Return what these manifests carry of hazards and known bugs, the gravest first, each with its sides."""
    found: dict[tuple[str, str], Hazard] = {}
    for side, manifest in manifests:
        facts = facts_of(manifest)
        of_run = tuple(_of_run(manifest))
        shown = {hazard.cause for hazard in of_run}
        of_facts = (*_of_causes(facts, tuple(_unsteady(manifest)), _unlikely(manifest)), *_of_bugs(facts))
        for hazard in (*of_run, *(each for each in of_facts if each.cause not in shown)):
            key = hazard.cause, hazard.title
            known = found.get(key)
            found[key] = _together(known, hazard, side) if known else hazard.model_copy(update={"sides": (side,)})
    return tuple(sorted(found.values(), key=lambda each: (-_gravity(each.effect, each.likelihood), each.title)))


def _together(known: Hazard, other: Hazard, side: SideName) -> Hazard:
    """Return a hazard of both sides, as grave as on the graver one."""
    graver = max((known, other), key=lambda each: (each.likelihood, repr(each.facts)))  # the same from both sides
    return graver.model_copy(update={"sides": (*known.sides, side)})


def _of_causes(facts: Facts, unsteady: tuple[KernelDrift, ...], unlikely: frozenset[str]) -> Iterator[Hazard]:
    for cause in load_catalog().causes:
        seen = [kernel.path for kernel in unsteady if _is_shown_by(kernel, cause)]
        if (cause.hazard and all_hold(cause.hazard, facts)) or (seen and cause.id == ON_A_CPU):
            evidence = {f"probes.kernels.{path}": "differs from itself" for path in seen}
            prior = min(cause.prior, RARELY) if cause.id in unlikely else cause.prior
            likelihood = SHOWN if seen else prior
            yield _hazard(cause, cause.id, _makes(cause), likelihood, {**_facts(cause.hazard, facts), **evidence})


def _is_shown_by(kernel: KernelDrift, cause: Cause) -> bool:
    """Tell whether a kernel that does not repeat shows a cause; those of a CPU repeat, unless something is broken."""
    return reaches(cause, kernel) or (cause.id == ON_A_CPU and kernel.device == "cpu")


def _of_bugs(facts: Facts) -> Iterator[Hazard]:
    for bug in bugs_in(facts):
        hazard = _hazard(bug, bug.cause, "wrong", RARELY if bug.rarely else bug.prior, _facts(bug.when, facts))
        yield hazard.model_copy(update={"wrong": True})


def _of_run(manifest: Manifest) -> Iterator[Hazard]:
    """Yield what a recorded run shows of itself: seen, it says more than what facts only allow."""
    if manifest.run is None:
        return
    from envprint.causes.runs.checkup import shown_by  # 30 ms that only recorded runs need

    for each in shown_by(manifest.run):
        hazard = _hazard(causes_by_id()[each.cause], each.cause, each.makes, each.likelihood, each.facts)
        yield hazard.model_copy(update={"title": each.title or hazard.title})


def _unlikely(manifest: Manifest) -> frozenset[str]:
    """Return the causes that a recorded run speaks against, whatever facts allow."""
    if manifest.run is None:
        return frozenset()
    from envprint.causes.runs.checkup import unlikely_by

    return unlikely_by(manifest.run)


def _hazard(of: Cause | Bug, cause: str, makes: Makes, likelihood: float, facts: dict[str, Any]) -> Hazard:
    effect: Effect = of
    return Hazard(
        cause=cause, title=effect.title, makes=makes, severity=_severity(_gravity(effect.magnitude, likelihood)),
        likelihood=likelihood, effect=effect.magnitude, expected=effect.expected or None, facts=facts,
        why=effect.why, fix=effect.fix.replace(" in both", ""), cost=effect.cost, see=effect.see,
    )  # fmt: skip


def _makes(cause: Cause) -> Makes:
    if cause.repeats:
        return "repeat"
    return "run" if {"run-to-run", "resume", "reload"} & set(cause.scope) else "place"


def _gravity(effect: str, likelihood: float) -> float:
    return WEIGHTS.get(effect, 0.0) * likelihood


def _severity(gravity: float) -> Severity:
    return "high" if gravity >= HIGH else "medium" if gravity >= MEDIUM else "low"


def _facts(states: Iterable[State], facts: Facts) -> dict[str, Any]:
    """Return the facts that made states hold, by path."""
    paths = {path for state in states for path in where_it_holds(state, facts)}
    return {path: facts.get(path) for path in sorted(paths)}


def _unsteady(manifest: Manifest) -> Iterator[KernelDrift]:
    """Yield the kernels that gave other bits from run to run."""
    for device, kernels in (manifest.probes.kernels if manifest.probes else {}).items():
        for name, probe in kernels.items():
            if (probe.outputs or 1) > 1:
                yield measure(device, name, probe, probe, felt_layers(device, name))
