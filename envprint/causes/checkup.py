"""One manifest alone: what keeps a run from being reproduced here or elsewhere, and what makes outputs repeat."""

from collections import Counter
from collections.abc import Sequence

from envprint.causes.hazards import find_hazards
from envprint.manifest import Manifest
from envprint.report import Checkup, Hazard, Severity, Side

FRESH = "fresh"
NOT_IN_IT = "Seeds and flags that a script sets are not in it: envprint.capture() in the script records them."
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")


def examine(manifest: Manifest, *, name: str = "") -> Checkup:
    """Return the hazards in one manifest, the gravest first, and what of it could not be read."""
    hazards = find_hazards(("a", manifest))
    unread = tuple(path for path, gap in sorted(manifest.gaps.items()) if gap.kind == "failed")
    return Checkup(
        side=Side(id=manifest.id, name=name),
        summary=_summarise(hazards) + _unread(len(unread)) + _seen_of(manifest),
        hazards=hazards,
        unread=unread,
    )


def is_at_least(hazard: Hazard, severity: Severity) -> bool:
    """Tell whether a hazard is as severe, or more."""
    return SEVERITIES.index(hazard.severity) >= SEVERITIES.index(severity)


def _seen_of(manifest: Manifest) -> str:
    """Return what a manifest of a fresh process cannot tell, as a sentence more."""
    fresh = manifest.taken is not None and manifest.taken.process == FRESH
    return f" {NOT_IN_IT}" if fresh else ""


def _unread(number: int) -> str:
    return f" {number} fact{'s' if number > 1 else ''} could not be read: of that it says nothing." if number else ""


def _summarise(hazards: Sequence[Hazard]) -> str:
    """Return one sentence: how much of what kind, and how much of it is grave."""
    if not hazards:
        return "Nothing in this manifest keeps the run from being reproduced."
    numbers = Counter("bug" if hazard.wrong else hazard.makes for hazard in hazards)
    grave = sum(hazard.severity == "high" for hazard in hazards)
    parts = [
        text.format(_things(number))
        for number, text in (
            (numbers["run"], "{0} can make two runs here differ"),
            (numbers["place"], "{0} can make another place differ"),
            (numbers["repeat"], "{0} can make draws, batches or outputs repeat"),
            (numbers["wrong"], "{0} can make results wrong"),
            (numbers["bug"], "{0} can make results wrong, by known bugs"),
        )
        if number
    ]
    return f"{_listed(parts)}{f'; {grave} of them grave' if grave else ''}."


def _things(number: int) -> str:
    return "1 thing" if number == 1 else f"{number} things"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
