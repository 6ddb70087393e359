"""Which changes are without effect once their causes are ruled out, and what a report says of it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from envprint.bearing import is_dismissed
from envprint.causes.coverage import compared_kernels, were_compared
from envprint.causes.judgement import Judged
from envprint.causes.lateness import SURE
from envprint.causes.suspects import Sides, Suspicion
from envprint.report import Change, Dismissed, Drift

ALL_AGREE = "every kernel that was compared agrees bit for bit"
TOO_LATE = "set when it had been read already"
# what acts through the kernels alone; code, packages, variables, data and libraries that decode act otherwise, too
OF_KERNELS = re.compile(
    r"(system|cpu|blas|threads)\.|libraries\.[a-z_]+\.lib(mkl|.*blas|g?omp|iomp|dnnl|m$|m\.|mvec|c$|c\.|torch|c10|stdc|gfortran)"
)


def clear(
    changes: Sequence[Change],
    suspicion: Suspicion,
    judged: Sequence[Judged],
    ruled_out: Mapping[str, str],
    *,
    everywhere: bool,
) -> tuple[Change, ...]:
    """Return the changes, without bearing those that only suspects rest on who were ruled out.

    Where kernels of every device in use were compared and all agree (`everywhere`), what acts through kernels alone is
    without effect even if no cause names it.
    """
    acting = [each.evidence.suspect for each in judged if not each.evidence.suspect.late]
    suspected = {change.path for suspect in acting for change in suspect.changes}
    why = {
        change.path: ruled_out[suspect.cause.id]
        for suspect in suspicion.suspects
        if suspect.cause.id in ruled_out
        for change in suspect.changes
    }
    reasons = {**suspicion.by_nature, **_too_late(judged), **why}
    if everywhere:
        reasons = {**{change.path: ALL_AGREE for change in changes if OF_KERNELS.match(change.path)}, **reasons}
    return tuple(
        _weakened(change, why) if change.path in suspected else _cleared(change, reasons) for change in changes
    )


def _too_late(judged: Iterable[Judged]) -> dict[str, str]:
    """Return the changes of variables that surely came too late: what they say now, nobody heard."""
    late = (each.evidence.suspect for each in judged if each.evidence.suspect.late and each.probability >= SURE)
    return {change.path: TOO_LATE for suspect in late for change in suspect.changes if change.path.endswith(".now")}


def all_agree(drift: Drift | None, sides: Sides) -> bool:
    """Tell whether most kernels of each kind of device that is in use were compared, and none moved."""
    compared = compared_kernels(drift)
    return were_compared(("*",), compared, sides) and all(kernel.state == "identical" for kernel in compared)


def say_dismissed(causes: Mapping[str, str], suspicion: Suspicion, changes: Iterable[Change]) -> tuple[Dismissed, ...]:
    """Return what was ruled out: causes by their ids, and by its path what belongs to none."""
    reasons = {**causes, **dict(_of_no_cause(changes, suspicion))}
    return tuple(Dismissed(cause=name, reason=reason) for name, reason in reasons.items())


def _of_no_cause(changes: Iterable[Change], suspicion: Suspicion) -> Iterator[tuple[str, str]]:
    for change in changes:
        if change.path not in suspicion.named and is_dismissed(change):
            yield change.path, change.why


def _weakened(change: Change, why: Mapping[str, str]) -> Change:
    """Return a change that a suspect rests on; where another was ruled out that it decided for, it decides no more."""
    return change.model_copy(update={"decisive": False, "why": ""}) if change.path in why else change


def _cleared(change: Change, reasons: Mapping[str, str]) -> Change:
    if change.path not in reasons or change.bearing != "numeric" or change.kind == "unknown":
        return change
    return change.model_copy(update={"bearing": "none", "decisive": False, "why": reasons[change.path]})
