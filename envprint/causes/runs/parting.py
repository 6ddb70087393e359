"""The first step at which two runs part, and the first thing in it, in the order in which one makes the next."""

from collections.abc import Mapping
from dataclasses import dataclass

from envprint.manifest.ledger import Run, Step
from envprint.report import Divergence

# what comes first makes what comes behind it
COMPONENTS = ("batch", "generators", "training", "loss", "gradients", "rates", "parameters", "state")
BEFORE = 0  # what differs before the first step
ROUNDING = 1e-4  # relative; what rounding alone makes of a loss within a few steps


@dataclass(frozen=True)
class Parting:
    """Where two runs part: the step, 0 before the first, and the component; steps that both have."""

    step: int
    component: str
    a: str
    b: str
    common: int

    def divergence(self) -> Divergence:
        """Return it as a report has it."""
        return Divergence(step=self.step, component=self.component, a=self.a, b=self.b)


def find_parting(a: Run, b: Run) -> Parting | None:
    """Return where two runs part, None where they are the same as far as both went."""
    left, right = ({step.step: step for step in run.ledger} for run in (a, b))
    common = sorted(left.keys() & right.keys())
    last = common[-1] if common else 0
    if a.initial and b.initial and a.initial != b.initial:
        return Parting(BEFORE, "initial weights", a.initial, b.initial, last)
    for number in common:
        one, other = left[number], right[number]
        if one.chain == other.chain and one.parameters == other.parameters:
            continue
        component = next((each for each in COMPONENTS if _told(one, each) != _told(other, each)), "")
        if component:
            return Parting(number, component, _said(one, component), _said(other, component), last)
        return Parting(number, "between the steps that are kept", one.chain, other.chain, last)
    return None


def _told(step: Step, component: str) -> object:
    """Return what a step says of a component; a batch in another order of its samples is another batch."""
    value = getattr(step, component)
    return dict(value) if isinstance(value, Mapping) else value


def _said(step: Step, component: str) -> str:
    value = getattr(step, component)
    if component == "loss" and value is not None:
        return f"{float.fromhex(value):.9g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {digest[-8:]}" for name, digest in sorted(value.items()))
    return str(value)


def loss_gap(a: Run, b: Run, step: int) -> float | None:
    """Return how far the losses of a step are apart, relative to the larger; None where one is not known."""
    losses = [
        float.fromhex(each.loss) for run in (a, b) for each in run.ledger if each.step == step and each.loss is not None
    ]
    if len(losses) != 2:  # noqa: PLR2004 - one of each side
        return None
    largest = max(map(abs, losses))
    return abs(losses[0] - losses[1]) / largest if largest else 0.0
