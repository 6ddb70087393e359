"""From judged suspects to findings: status, size, what each accounts for, and their order."""

from collections.abc import Iterable, Iterator, Sequence

from envprint.causes.cause import Effect
from envprint.causes.coverage import compared_kernels
from envprint.causes.evidence import measured_size
from envprint.causes.judgement import Judged
from envprint.probes.wording import size_of
from envprint.report import Drift, Finding, KernelDrift, Status

LIKELY, ABOUT_AS_LIKELY = 0.5, 0.2
SIZES = ("stream", "error", "gross", "medium", "small", "ulp", "amplifier", "none")  # the largest first
STATUSES: tuple[Status, ...] = ("confirmed", "supported", "possible")
BORDERS = (0.8, 0.5, 0.2)  # between findings that are about as sure as each other
WRONG = "this is a wrong result, not drift"


def find(judged: Sequence[Judged], drift: Drift | None) -> tuple[Finding, ...]:
    """Return the findings, the answer first: by how sure they are, then by how much they do."""
    kernels = {kernel.path: kernel for kernel in compared_kernels(drift)}
    owners = {path: _owners(path, judged) for path, kernel in kernels.items() if kernel.state == "moved"}
    found = []
    for each in judged:
        theirs = [kernels[path] for path, cause_ids in owners.items() if each.evidence.cause.id in cause_ids]
        found.append((_finding(each, theirs, drift or Drift()), len(each.evidence.covers)))
    return tuple(finding for finding, _ in sorted(found, key=lambda pair: _place(*pair)))


def unexplained(findings: Iterable[Finding], drift: Drift | None) -> tuple[str, ...]:
    """Return the kernels, and orders of addition, that moved and that no finding accounts for."""
    accounted = {path for finding in findings for path in finding.moved}
    return tuple(
        kernel.path for kernel in compared_kernels(drift) if kernel.state == "moved" and kernel.path not in accounted
    )


def _owners(path: str, judged: Iterable[Judged]) -> frozenset[str]:
    """Return who accounts for a kernel: of those who may, the likeliest, and of these the ones that reach least."""
    may = [each for each in judged if path in each.evidence.covers]
    best = max((each.probability for each in may), default=0.0)
    likely = [each for each in may if each.probability >= best - ABOUT_AS_LIKELY]
    least = min((len(each.evidence.reach) for each in likely), default=0)
    return frozenset(each.evidence.cause.id for each in likely if len(each.evidence.reach) == least)


def _place(finding: Finding, covered: int) -> tuple[bool, int, int, int, float, int, str]:
    """Return where a finding stands: what does nothing last, the surest first, then what may account for most."""
    sureness = sum(finding.confidence < border for border in BORDERS)
    seen, size = STATUSES.index(finding.status), SIZES.index(finding.effect)
    confidence = round(finding.confidence, 1)
    return finding.effect == "none", sureness, seen, -covered, -confidence, size, finding.cause


def _finding(judged: Judged, moved: Sequence[KernelDrift], drift: Drift) -> Finding:
    cause, suspect = judged.evidence.cause, judged.evidence.suspect
    size = measured_size(moved)
    told: Effect = suspect.bug or cause
    return Finding(
        cause=cause.id,
        title=told.title,
        status=_status(judged),
        confidence=round(judged.probability, 2),
        effect=told.magnitude,
        expected=told.expected or band_of(cause.band),
        measured=None if size is None else f"{size_of(size)} relative",
        changes=tuple(change.path for change in suspect.changes),
        moved=tuple(kernel.path for kernel in moved),
        stayed=tuple(_stayed(judged, drift)) if moved else (),
        evidence=tuple(_told(judged, moved)),
        wrong=suspect.bug is not None,
        why=told.why,
        fix=told.fix,
        cost=told.cost,
        see=tuple(dict.fromkeys((*(link for _, bug in suspect.bugs for link in bug.see), *cause.see))),
    )


def _status(judged: Judged) -> Status:
    evidence = judged.evidence
    if evidence.suspect.late:
        return "confirmed" if judged.probability > LIKELY else "possible"
    if judged.is_direct and not evidence.reach:
        return "confirmed"
    if evidence.covers and judged.probability >= LIKELY:
        return "confirmed" if judged.is_direct else "supported"
    return "possible"


def band_of(band: Sequence[float]) -> str | None:
    """Return a band as people write it: 1e-9 to 5e-6."""
    if not band:
        return None
    low, *high = (f"{number:.0e}".replace("e-0", "e-") for number in band)
    return f"{low} to {high[0]}" if high else f"{low} and more"


def _stayed(judged: Judged, drift: Drift) -> Iterator[str]:
    """Yield the layers of which no kernel moved, and that this cause does not reach."""
    reached = {layer for kernel in drift.kernels if kernel.path in judged.evidence.reach for layer in kernel.layers}
    for name, layer in drift.layers.items():
        if layer.compared and not layer.moved and name not in reached:
            yield name


def _told(judged: Judged, moved: Sequence[KernelDrift]) -> Iterator[str]:
    """Yield what speaks for a suspect, in sentences."""
    evidence = judged.evidence
    yield from dict.fromkeys(change.why for change in evidence.suspect.changes if change.decisive)
    if evidence.covers:
        yield f"{len(evidence.covers)} of the {len(evidence.reach)} kernels that it reaches moved"
    alike = sum(kernel.with_one_thread == "same" for kernel in moved)
    if alike and evidence.cause.by_thread:
        yield f"{alike} of them are the same on both sides with one thread"
    for side, bug in evidence.suspect.bugs:
        yield f"{side} has a known bug: {bug.title}; {WRONG}"
