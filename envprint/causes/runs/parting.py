"""The first step at which two runs part, and the first thing in it, in the order in which one makes the next."""

from collections.abc import Mapping
from dataclasses import dataclass

from envprint.causes.runs.alignment import Alignment, align
from envprint.causes.runs.drawing import drawn_from, parted_generators
from envprint.manifest.ledger import Run, Step, rate_of

# what comes first makes what comes behind it; generators are those that a run draws from
INPUTS = ("batch", "training", "generators")
RESULTS = ("loss", "gradients", "rates", "parameters", "state")
MADE_IN_STEPS = ("loss", "gradients")
WEIGHTS = "initial weights"
BEFORE = 0  # what differs before the first step


@dataclass(frozen=True)
class Parting:
    """Where two runs part: the step, 0 before the first, and the component.

    `same` is the last kept step before it at which all that is computed was the same, `common` the last that both
    have. `acts` is the step whose results are the first to differ: random states may part before.
    """

    step: int
    component: str
    a: str
    b: str
    acts: int
    same: int
    common: int

    @property
    def window(self) -> tuple[int, int] | None:
        """Return the first and the last step between which the runs part, None where the step is known."""
        return (self.same + 1, self.step) if self.step > self.same + 1 else None


def find_parting(a: Run, b: Run, aligned: Alignment | None = None) -> Parting | None:
    """Return where what two runs compute parts, None where it is the same as far as both went."""
    aligned = aligned or align(a, b)
    common = aligned.common
    last = common[-1] if common else 0
    if a.initial and b.initial and a.initial != b.initial and not aligned.begins:
        return Parting(BEFORE, WEIGHTS, a.initial, b.initial, BEFORE, BEFORE, last)
    drawn = drawn_from(a) | drawn_from(b)
    same = aligned.begins
    for number in common:
        one, other = aligned.a[number], aligned.b[number]
        if any(_told(one, each) != _told(other, each) for each in RESULTS):
            return _parting(aligned, number, same, drawn)
        same = number
    return None


def _parting(aligned: Alignment, number: int, same: int, drawn: frozenset[str]) -> Parting:
    """Return where runs part whose results part at a step: there, or where random states began to differ before."""
    last = aligned.common[-1]
    one, other = aligned.a[number], aligned.b[number]
    component = next(each for each in (*INPUTS, *RESULTS) if _differs(one, other, each, drawn))
    if component in MADE_IN_STEPS and states_of(aligned, number, drawn):
        one, other, component = aligned.a[number + 1], aligned.b[number + 1], "generators"
        return Parting(number, component, _said(one, component), _said(other, component), number, same, last)
    began = _states_part(aligned, number, drawn)
    if component in {"batch", "generators"} and began < number:
        one, other = aligned.a[began], aligned.b[began]
        same = max((each for each in aligned.common if each < began), default=aligned.begins)
        return Parting(began, "generators", _said(one, "generators"), _said(other, "generators"), number, same, last)
    return Parting(number, component, _said(one, component), _said(other, component), number, same, last)


def states_of(aligned: Alignment, number: int, drawn: frozenset[str]) -> list[str]:
    """Return the generators whose states a step parts: before the update, or, where that is all of the step, after it.

    Lightning has optimizers make the forward pass within their step: what it draws is seen as the next one begins.
    """
    for each in (number, number + 1):
        one, other = aligned.a.get(each), aligned.b.get(each)
        if one is None or other is None:
            return []
        if parted := parted_generators(one, other, drawn):
            return parted
    return []


def _states_part(aligned: Alignment, number: int, drawn: frozenset[str]) -> int:
    """Return the first step from which on random states differ up to this one, where they were the same before it."""
    began = number
    for each in reversed([step for step in aligned.common if step < number]):
        if not parted_generators(aligned.a[each], aligned.b[each], drawn):
            return began
        began = each
    return number  # they differed from the beginning: where they act is what counts


def _differs(one: Step, other: Step, component: str, drawn: frozenset[str]) -> bool:
    if component == "generators":
        return bool(parted_generators(one, other, drawn))
    return _told(one, component) != _told(other, component)


def _told(step: Step, component: str) -> object:
    value = getattr(step, component)
    return dict(value) if isinstance(value, Mapping) else value


def _said(step: Step, component: str) -> str:
    value = getattr(step, component)
    if component == "loss" and value is not None:
        return f"{float.fromhex(value):.9g}"
    if component == "rates":
        return ", ".join(f"{rate_of(rate):.9g}" for rate in value)
    if component == "training" and value is not None:
        return "training" if value else "evaluation"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {digest[-8:]}" for name, digest in sorted(value.items()))
    return "nothing" if value is None else str(value)
