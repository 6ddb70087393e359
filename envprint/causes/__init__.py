"""From two manifests to an answer: which causes the evidence speaks for, what was ruled out, and a verdict."""

from collections.abc import Sequence
from typing import Any, Literal

from envprint.causes.clearance import all_agree, clear, say_dismissed
from envprint.causes.findings import find, unexplained
from envprint.causes.hazards import find_hazards
from envprint.causes.judgement import fold, judge
from envprint.causes.lateness import settle
from envprint.causes.places import as_places, is_of_a_run
from envprint.causes.suspects import Sides, find_suspects
from envprint.causes.verdict import summarise, verdict_of
from envprint.compare import compare
from envprint.manifest import Manifest
from envprint.manifest.facts import facts_of
from envprint.probes.drift import measure_drift
from envprint.report import Change, Report, Side, SideGap

PLACES = "one side is a run, the other a fresh process: only the places are compared, not seeds, script or arguments"


def explain(a: Any, b: Any, *, inputs: Any = None, name_a: str = "", name_b: str = "") -> Report:
    """Compare two environments, models or both, and say what of their differences bears on results, and why.

    Each side is a manifest; a description of a model; a live model, or its state_dict; or the path of a manifest or a
    saved model, whose tensors and manifest are both compared. Live models are run once, with `inputs` or made ones.
    Where one manifest is of a run and the other of a fresh process, the places are compared: seeds, script and
    arguments of a process that did nothing are no difference. Raises EnvprintError where the sides share nothing.
    """
    if isinstance(a, Manifest) and isinstance(b, Manifest) and not (a.model and b.model):
        return _explain_environments(a, b, name_a=name_a, name_b=name_b)
    from envprint.causes.models.sides import explain_sides

    return explain_sides(a, b, _explain_environments, inputs=inputs, names=(name_a, name_b))


def _explain_environments(a: Manifest, b: Manifest, *, name_a: str = "", name_b: str = "") -> Report:
    if {is_of_a_run(a), is_of_a_run(b)} == {True, False}:
        places = foresee(a, b, name_a=name_a, name_b=name_b)
        return places.model_copy(update={"notes": (PLACES,)})
    report = _explain(a, b, name_a=name_a, name_b=name_b)
    if a.run is None or b.run is None:
        return report
    from envprint.causes.runs.reporting import report_runs

    return report_runs(a.run, b.run, report)


def foresee(saved: Manifest, here: Manifest, *, name_a: str = "", name_b: str = "") -> Report:
    """Say how two places differ, as far as that bears on running a model: as explain(), without what is of the run."""
    return _explain(*as_places(saved, here), name_a=name_a, name_b=name_b)


def _explain(a: Manifest, b: Manifest, *, name_a: str, name_b: str) -> Report:
    drift = measure_drift(a, b)
    compared = compare(a, b, drift)
    sides = Sides(facts_of(a), facts_of(b))
    suspicion = find_suspects(compared, sides)
    judged, ruled_out = judge(suspicion.suspects, drift, sides)
    judged = settle(fold(judged))
    changes = clear(compared, suspicion, judged, ruled_out, everywhere=all_agree(drift, sides))
    dismissed = say_dismissed({**suspicion.without_effect, **ruled_out}, suspicion, changes)
    findings = find(judged, drift)
    verdict = verdict_of(changes, findings)
    return Report(
        verdict=verdict,
        summary=summarise(verdict, changes, findings, drift),
        sides={"a": Side(id=a.id, name=name_a), "b": Side(id=b.id, name=name_b)},
        findings=findings,
        dismissed=dismissed,
        unexplained=unexplained(findings, drift),
        hazards=find_hazards(("a", a), ("b", b)),
        drift=drift,
        changes=changes,
        gaps=(*_gaps("a", a, changes), *_gaps("b", b, changes)),
    )


def _gaps(side: Literal["a", "b"], manifest: Manifest, changes: Sequence[Change]) -> tuple[SideGap, ...]:
    """Return the gaps that a reader needs: what failed, and what is absent on one side only."""
    changed = {change.path for change in changes}
    needed = ((path, gap) for path, gap in sorted(manifest.gaps.items()) if gap.kind == "failed" or path in changed)
    return tuple(SideGap(side=side, path=path, kind=gap.kind, reason=gap.reason) for path, gap in needed)
