"""Rules about generators of numpy's newer kind: each is made somewhere, with a seed or without one."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, SURE, Observed
from envprint.causes.runs.drawing import states_before_training
from envprint.causes.runs.pair import Pair, at
from envprint.causes.runs.parting import WEIGHTS
from envprint.causes.runs.seen_scales import is_scaled
from envprint.manifest.ledger import Run, Seeding

KIND, NOTHING = "numpy.Generator", "None"
GLOBAL = ("torch", "numpy", "python")


def see_generators(pair: Pair) -> Iterator[Observed]:
    """Yield that a generator was made without a seed, or at one place with another in each run."""
    if not pair.parts_in(WEIGHTS, "batch"):
        return
    made = {side: _made(run, pair.parting.step) for side, run in pair.sides}
    unseeded = {side: each for side, found in made.items() for each in found if each.value == NOTHING}
    if unseeded:
        side, seeding = next(iter(unseeded.items()))
        who = "both make" if len(unseeded) > 1 else f"{side} makes"
        words = f"{who} a generator with numpy.random.default_rng() without a seed{at(seeding.where)}"
        yield Observed("numpy-generator-unseeded", _how_sure(pair), (words,))
        return
    for left, right in zip(made["a"], made["b"], strict=False):
        if left.where == right.where and left.value != right.value:
            words = f"numpy.random.default_rng is given {left.value} in a, {right.value} in b{at(left.where)}"
            yield Observed("seed-value-differs", _how_sure(pair), (words,))
            return


def _made(run: Run, step: int) -> list[Seeding]:
    return [each for each in run.seedings if each.generator == KIND and each.step <= step]


def _how_sure(pair: Pair) -> float:
    """Return how likely it is what parts the data: nobody saw who drew from it, but whether others stood alike."""
    alike = {name: states_before_training(pair.a, pair.b, name) for name in GLOBAL}
    others = {name for name, each in alike.items() if each is False} - pair.idle
    if pair.parts_in(WEIGHTS):
        return HARDLY if "torch" in others else MAYBE
    if others or is_scaled(pair):
        return MAYBE
    return SURE if all(alike.values()) else LIKELY
