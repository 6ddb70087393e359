"""From changes to an answer: which causes their facts speak for, what was ruled out, and a verdict."""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Literal

from envprint.bearing import is_dismissed
from envprint.causes.cause import Cause, load_catalog
from envprint.causes.verdict import summarise, verdict_of
from envprint.compare import compare
from envprint.manifest import Manifest
from envprint.probes.drift import measure_drift
from envprint.report import Change, Dismissed, Finding, Report, Side, SideGap

DECISIVE_FACTOR = 4  # a fact that decides weighs as much as four that may
UNSEEN = 1  # the weight of what no manifest shows: data, hidden state, hardware faults


def explain(a: Manifest, b: Manifest, *, name_a: str = "", name_b: str = "") -> Report:
    """Compare two manifests and say what of their differences bears on results, and why."""
    drift = measure_drift(a, b)
    changes = compare(a, b, drift)
    findings = find(changes)
    dismissed = dismiss(changes, findings)
    verdict = verdict_of(changes, dismissed)
    return Report(
        verdict=verdict,
        summary=summarise(verdict, changes, findings, drift),
        sides={"a": Side(id=a.id, name=name_a), "b": Side(id=b.id, name=name_b)},
        findings=findings,
        dismissed=dismissed,
        drift=drift,
        changes=changes,
        gaps=(*_gaps("a", a, changes), *_gaps("b", b, changes)),
    )


def find(changes: Sequence[Change]) -> tuple[Finding, ...]:
    """Return the causes whose facts differ, the likeliest first.

    With facts alone each is a suspect: its confidence is its share of the weight of all suspects and of what no
    manifest shows. A change counts for the one cause that names it most closely, or for the wider one it follows from.
    """
    shown: dict[str, list[Change]] = {}
    for change in changes:
        if change.bearing == "numeric" and change.kind != "unknown" and (cause := cause_of(change.path)) is not None:
            shown.setdefault(cause.id, []).append(change)
    causes = {cause.id: cause for cause in load_catalog()}
    told_with = {name: _widest(name, shown, causes) for name in sorted(shown)}
    for name, wider in told_with.items():
        if wider != name:
            shown[wider] += shown.pop(name)
    weights = {name: _weight(causes[name], theirs) for name, theirs in shown.items()}
    total = sum(weights.values()) + UNSEEN
    ranked = sorted(shown, key=lambda name: (-weights[name], name))
    return tuple(_finding(causes[name], shown[name], weights[name] / total) for name in ranked)


def dismiss(changes: Sequence[Change], findings: Sequence[Finding]) -> tuple[Dismissed, ...]:
    """Return the causes whose facts differ and were shown to be without effect, each with how."""
    found = {finding.cause for finding in findings}
    reasons: dict[str, str] = {}
    for change in changes:
        if is_dismissed(change):
            cause = cause_of(change.path)
            reasons.setdefault(cause.id if cause else change.path, change.why)
    return tuple(Dismissed(cause=name, reason=reason) for name, reason in reasons.items() if name not in found)


def _gaps(side: Literal["a", "b"], manifest: Manifest, changes: Sequence[Change]) -> tuple[SideGap, ...]:
    """Return the gaps that a reader needs: what failed, and what is absent on one side only."""
    changed = {change.path for change in changes}
    needed = ((path, gap) for path, gap in sorted(manifest.gaps.items()) if gap.kind == "failed" or path in changed)
    return tuple(SideGap(side=side, path=path, kind=gap.kind, reason=gap.reason) for path, gap in needed)


@lru_cache(maxsize=4096)
def cause_of(path: str) -> Cause | None:
    """Return the cause that names a path most closely: by the pattern with the most letters."""
    candidates = _patterns_by_section().get(path.partition(".")[0], ())
    named = [(len(pattern), cause) for pattern, cause in candidates if _matches(pattern, path)]
    return max(named, key=lambda pair: (pair[0], pair[1].id))[1] if named else None


@cache
def _patterns_by_section() -> dict[str, tuple[tuple[str, Cause], ...]]:
    sections: dict[str, list[tuple[str, Cause]]] = {}
    for cause in load_catalog():
        for pattern in cause.paths:
            sections.setdefault(pattern.partition(".")[0], []).append((pattern, cause))
    return {section: tuple(pairs) for section, pairs in sections.items()}


def _widest(name: str, shown: Mapping[str, object], causes: Mapping[str, Cause]) -> str:
    """Return the cause that this one follows from, over all steps; itself where none of them is shown."""
    wider = next((each for each in causes[name].wider if each in shown), None)
    return name if wider is None else _widest(wider, shown, causes)


def _weight(cause: Cause, changes: Sequence[Change]) -> int:
    return cause.prior * (DECISIVE_FACTOR if any(change.decisive for change in changes) else 1)


def _finding(cause: Cause, changes: Sequence[Change], confidence: float) -> Finding:
    seen = any(_matches(pattern, change.path) for pattern in cause.direct for change in changes)
    return Finding(
        cause=cause.id,
        title=cause.title,
        status="confirmed" if seen else "possible",
        confidence=round(confidence, 2),
        effect=cause.effect,
        expected=cause.expected,
        changes=tuple(change.path for change in changes),
        evidence=tuple(change.why for change in changes if change.decisive),
        why=cause.why,
        fix=cause.fix,
        cost=cause.cost,
        see=cause.see,
    )


def _matches(pattern: str, path: str) -> bool:
    return _regex(pattern).fullmatch(path) is not None


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
