"""Rules about seeds: set to other values, on one side only, nowhere, too late, or again in the loop."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, SURE, Observed
from envprint.causes.runs.drawing import drawn_weights, last_mark_alike, states_before_training
from envprint.causes.runs.pair import Pair, at
from envprint.causes.runs.parting import WEIGHTS
from envprint.manifest.ledger import Run, Seeding

UNSEEDED = {
    "torch": "torch-seed-not-set",
    "numpy": "numpy-legacy-unseeded",
    "python": "python-random-unseeded",
}
CALLS = {"torch": "torch", "numpy": "numpy.random", "python": "random"}
SELDOM = 0.5  # what a generator draws may act at some steps alone, as augmentation does that is itself drawn for
STREAMS = (WEIGHTS, "batch", "generators")


def see_seeds(pair: Pair) -> Iterator[Observed]:
    """Yield generators that do not begin from the same seed, as far as the run may have drawn from them."""
    if not pair.parts_in(*STREAMS):
        return
    for generator, unseeded in UNSEEDED.items():
        left, right = (_first(run, generator, pair) for run in (pair.a, pair.b))
        if left and right and left.value != right.value:
            cause = "seed-value-differs" if generator == "torch" else unseeded
            words = f"{CALLS[generator]} is seeded with {left.value} in a, with {right.value} in b{at(left.where)}"
            yield Observed(cause, _how_sure(pair, generator), (words,))
        elif left is None and right is None:
            yield from _nowhere(pair, generator)
        elif left is None or right is None:
            side, seeding = ("a", left) if left else ("b", right)
            where = at(seeding.where if seeding else "")
            words = f"{CALLS[generator]} is seeded in {side}{where}, and not on the other side"
            yield Observed(unseeded, _how_sure(pair, generator), (words,))


def _first(run: Run, generator: str, pair: Pair) -> Seeding | None:
    """Return the last seeding before training, or before the model where weights part: earlier ones no longer count."""
    early = [each for each in run.seedings if each.generator == generator and not each.step and not each.after_batch]
    ahead = [each for each in early if pair.parts_in(WEIGHTS) and not each.after_model] or early
    return ahead[-1] if ahead else None


def _how_sure(pair: Pair, generator: str) -> float:
    """Return how likely it is that another state of a generator parts the runs where they do."""
    if pair.parts_in(WEIGHTS):
        return SURE if generator == "torch" else HARDLY
    if pair.parts_in("generators"):
        return SURE if generator in pair.parted_states else HARDLY
    alike = states_before_training(pair.a, pair.b, "torch")
    if generator == "torch":
        return HARDLY if alike else SURE
    if generator in pair.vain:
        return SELDOM
    if generator in pair.parted_states & pair.drawn:
        return SURE if pair.parting.acts > 1 else LIKELY  # before the first step nothing was seen to be the same
    # what was drawn before the first step acts there, unless it was put by for later
    return HARDLY if alike is False else LIKELY if pair.parting.acts <= 1 else MAYBE


def _nowhere(pair: Pair, generator: str) -> Iterator[Observed]:
    if states_before_training(pair.a, pair.b, generator) is not False:
        return
    seeded = [name for name in UNSEEDED if any(_first(run, name, pair) for run in (pair.a, pair.b))]
    cause = "partial-seeding" if generator == "numpy" and "torch" in seeded else UNSEEDED[generator]
    words = f"{CALLS[generator]} is seeded on neither side"
    rest = f", {' and '.join(CALLS[name] for name in seeded)} {'is' if len(seeded) == 1 else 'are'}" if seeded else ""
    idle = generator in pair.idle
    if idle:
        rest = f"{rest}; nothing was seen to draw from it"
    elif generator in pair.vain and pair.parts_in("batch"):
        rest = f"{rest}; it gave other numbers before, too, where batches were the same"
    yield Observed(cause, HARDLY if idle else _how_sure(pair, generator), (f"{words}{rest}",))


def see_late_seeds(pair: Pair) -> Iterator[Observed]:
    """Yield that torch was seeded only after a model had drawn its weights."""
    if not pair.parts_in(WEIGHTS):
        return
    for side, run in pair.sides:
        seedings = [each for each in run.seedings if each.generator == "torch"]
        if seedings and all(each.after_model for each in seedings):
            first = seedings[0]
            words = f"{side} seeds torch only after a model was built{at(first.where)}: its weights were drawn before"
            yield Observed("seed-after-init", SURE, (words,))
            return


def see_reseeding(pair: Pair) -> Iterator[Observed]:
    """Yield that one side seeds torch again where training goes on, and the other does not, or elsewhere."""
    if not pair.parts_in("batch", "generators") or "torch" not in _parted(pair):
        return
    counts = {side: [each for each in run.seedings if each.generator == "torch"] for side, run in pair.sides}
    if [(each.value, each.step) for each in counts["a"]] == [(each.value, each.step) for each in counts["b"]]:
        return
    side = max(counts, key=lambda name: len(counts[name]))
    again = counts[side][1:]
    if len(counts["a"]) != len(counts["b"]) and any(each.step or each.after_batch for each in again):
        last = again[-1]
        words = f"{side} seeds torch {len(counts[side])} times, once more after step {last.step}{at(last.where)}"
        yield Observed("reseed-inside-loop", SURE, (words,))


def _parted(pair: Pair) -> frozenset[str]:
    alike = states_before_training(pair.a, pair.b, "torch")
    return pair.parted_states | (frozenset(("torch",)) if alike is False else frozenset())


def see_shift(pair: Pair) -> Iterator[Observed]:
    """Yield that one side drew more from a generator that both seeded alike."""
    if not pair.parts_in(*STREAMS):
        return
    for generator, call in CALLS.items():
        left, right = (
            [each.value for each in run.seedings if each.generator == generator and each.step <= pair.parting.step]
            for run in (pair.a, pair.b)
        )
        if not left or left != right:
            continue
        began = last_mark_alike(pair.a, pair.b, generator)
        if generator in pair.parted_states or (began and not pair.parts_in("generators")):
            others = pair.parts_in(WEIGHTS) and drawn_weights(pair.a, pair.b)[0]  # a shift before them draws all anew
            yield Observed(
                "rng-consumption-shift", MAYBE if others else LIKELY, tuple(_said_of_shift(pair, call, left[0], began))
            )
            return


def _said_of_shift(pair: Pair, call: str, seed: str, began: tuple[str, str] | None) -> Iterator[str]:
    yield f"both seed {call} with {seed}, and its state is not the same at step {max(pair.parting.step, 1)}"
    if began and pair.parting.step <= 1:
        yield f"it stands the same at the mark '{began[0]}', not at '{began[1]}': something drew between on one side"
    elif pair.parting.same:
        yield f"it was the same at step {pair.parting.same}"
