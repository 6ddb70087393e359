"""Compare two manifests: what could not be read never counts as equal."""

import functools
from typing import Any

from envprint.bearing import is_known_equal, judge, rank
from envprint.manifest import Manifest
from envprint.manifest.facts import Facts, facts_of
from envprint.probes.changes import changes_of, is_evidence
from envprint.probes.drift import measure_drift
from envprint.report import Change, Drift


def compare(a: Manifest, b: Manifest, drift: Drift | None = None) -> tuple[Change, ...]:
    """Return every path that differs, those that bear most on results first; `drift`, where it was measured already.

    Laws: compare(a, a) has no changes but what a could not read; compare(b, a) mirrors compare(a, b).
    """
    left, right = facts_of(a), facts_of(b)
    paths = {path for path in (*left.values, *right.values, *left.gaps, *right.gaps) if not _is_apart(path)}
    changes = {change.path: change for path in paths if (change := _change(path, left, right))}
    known_equal = functools.cache(lambda path: is_known_equal(path, left, right))
    judged = [judge(change, left, right, known_equal) for change in changes.values()]
    return tuple(sorted([*judged, *changes_of(a, b, drift or measure_drift(a, b))], key=rank))


def _is_apart(path: str) -> bool:
    """Tell whether a path is compared on its own: what was computed, models and runs."""
    return is_evidence(path) or path.partition(".")[0] in {"model", "run"}


def _change(path: str, a: Facts, b: Facts) -> Change | None:
    (state_a, where_a), (state_b, where_b) = a.state(path), b.state(path)
    if a.holds(path) and b.holds(path) and "unknown" not in (state_a, state_b):
        return None  # what they hold is compared one by one
    if "unknown" in (state_a, state_b):
        known_above = [where for state, where in ((state_a, where_a), (state_b, where_b)) if state == "unknown"]
        where = min(known_above, key=len)  # one change where the reading failed, not one for each fact below it
        return Change(path=where, kind="unknown", a=a.get(where), b=b.get(where))
    left, right = a.get(path), b.get(path)
    if left is None and right is None:
        return None
    if left is None:
        return Change(path=path, kind="appeared", b=right)
    if right is None:
        return Change(path=path, kind="vanished", a=left)
    return None if _equal(left, right) else Change(path=path, kind="changed", a=left, b=right)


def _equal(left: Any, right: Any) -> bool:
    """Compare values of JSON, in which 1, 1.0 and true are three."""
    return type(left) is type(right) and bool(left == right)
