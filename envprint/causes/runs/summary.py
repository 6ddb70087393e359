"""One sentence or two about where runs part, how far apart that takes them, and why."""

import math
from collections.abc import Iterator, Sequence

from envprint.causes.models.observed import MAYBE
from envprint.causes.runs.gaps import growth, loss_gap
from envprint.causes.runs.module_words import say_module
from envprint.causes.runs.pair import Pair
from envprint.causes.runs.parting import RESULTS
from envprint.causes.runs.seen_batches import UNEXPLAINED
from envprint.probes.wording import size_of
from envprint.report import Finding

SAID = {
    "batch": "the batch",
    "generators": "the random states",
    "training": "the mode of the model,",
    "loss": "the loss",
    "gradients": "the gradients",
    "rates": "the learning rate",
    "parameters": "the parameters after the step",
    "state": "what the optimizer remembers",
}
MADE_BY_MODULES = frozenset({"loss", "gradients"})


def summarise(pair: Pair, findings: Sequence[Finding], *, rounding: bool) -> str:
    """Return where two runs part, and the likely cause."""
    where = f"{_where(pair)}{_how_far(pair, rounding=rounding)}"
    sentences = [where, *_module(pair), *_cause(findings), *_closer(pair, findings)]
    return f"{'. '.join(sentences)}."


def _module(pair: Pair) -> Iterator[str]:
    if pair.module is not None:
        yield f"The first module that parts is {say_module(pair.module)}"


def _where(pair: Pair) -> str:
    parting = pair.parting
    what = SAID.get(parting.component, parting.component)
    if not parting.step:
        return f"They part before the first step: {what}"
    window = parting.window
    if window:
        return f"They part between step {window[0]} and {window[1]}, the first that is kept and differs: {what}"
    return f"They part at step {parting.step}: {what}"


def _how_far(pair: Pair, *, rounding: bool) -> str:
    parting = pair.parting
    said = f" {parting.a} / {parting.b}" if parting.component in {"loss", "rates", "training"} else ""
    gap = loss_gap(pair.aligned, parting.acts)
    if gap and math.isfinite(gap) and parting.step:
        later = f" at step {parting.acts}" if parting.acts != parting.step else ""
        noun = "" if parting.component == "loss" else " in the loss"
        said = f"{said}, {size_of(gap)} relative{noun}{later}"
    if rounding:
        return f"{said}, with the same weights, batch and random states: by rounding{_grown(pair)}"
    if parting.component in RESULTS and parting.component != "rates":
        weights = "" if parting.window else "weights, "  # they may have parted in the steps that are not kept
        return f"{said}, with the same {weights}batch and random states"
    return said


def _grown(pair: Pair) -> str:
    grown = growth(pair.aligned, pair.parting)
    if not grown or not grown[1]:
        return ""
    return f", {size_of(grown[1]) if math.isfinite(grown[1]) else 'no number on one side'} at step {grown[0]}"


def _cause(findings: Sequence[Finding]) -> Iterator[str]:
    likely = next((each for each in findings[:1] if each.confidence >= MAYBE), None)
    if likely is not None:
        yield f"{likely.title}: {likely.evidence[0]}" if likely.evidence else likely.title
    elif not findings or findings[0].cause == UNEXPLAINED:
        yield "Nothing that was recorded accounts for it"


def _closer(pair: Pair, findings: Sequence[Finding]) -> Iterator[str]:
    parting = pair.parting
    if parting.window:
        first, last = parting.window
        yield f"To see the step, record both runs again with --steps {first}:{last}"
    elif not findings and pair.module is None and parting.component in MADE_BY_MODULES:
        yield f"To see the module, record both runs again with --steps {parting.acts}:{parting.acts} --modules"
