"""What one recorded run shows of itself: losses that are no numbers, outputs that repeat, what nobody seeded."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from envprint.causes.models.modes import may_depend_on_mode
from envprint.causes.models.observed import named
from envprint.causes.runs.drawing import drawn_from, untouched
from envprint.causes.runs.lost_losses import is_finite, lost_loss
from envprint.causes.runs.pair import at
from envprint.causes.runs.seen_generators import KIND, NOTHING
from envprint.causes.runs.seen_workers import states_of_workers, workers_of
from envprint.manifest.ledger import Loader, Run, Step

SEEN, GUESSED = 0.9, 0.6
IN_A_ROW = 3
UNSEEDED = {"torch": "torch-seed-not-set", "numpy": "numpy-legacy-unseeded", "python": "python-random-unseeded"}
TRAINING = " in training mode"


@dataclass(frozen=True)
class Shown:
    """A cause that one run shows: what it makes, how likely, and what shows it; `title` where its own tells of two."""

    cause: str
    makes: Literal["run", "repeat", "wrong"]
    likelihood: float
    facts: dict[str, Any]
    title: str = ""


def shown_by(run: Run) -> Iterator[Shown]:
    """Yield what the ledger of a run shows of it, each cause once."""
    found: dict[str, Shown] = {}
    for rule in (_lost, _reseeded, _same_batches, _same_order, _still, _unseeded, _workers, _unwritten, _evaluated):
        for each in rule(run):
            found.setdefault(each.cause, each)
    yield from found.values()


def unlikely_by(run: Run) -> frozenset[str]:
    """Return the causes that need draws from a generator of which a run was not seen to draw."""
    idle = untouched(run)
    return frozenset(cause for name, cause in (*UNSEEDED.items(), ("numpy", "partial-seeding")) if name in idle)


def _lost(run: Run) -> Iterator[Shown]:
    """Yield that the loss is NaN or infinite, and from when on."""
    found = lost_loss(run)
    if found is not None:
        yield Shown("nan-inf-path", "wrong", SEEN, found[1], found[0])


def _reseeded(run: Run) -> Iterator[Shown]:
    for generator in UNSEEDED:
        seedings = [each for each in run.seedings if each.generator == generator]
        again = [each for each in seedings[1:] if each.step or each.after_batch]
        if again and any(each.value == seedings[0].value for each in again):
            words = (
                f"{generator} is seeded {len(seedings)} times, with {again[0].value} again after step {again[0].step}"
            )
            yield Shown("reseed-inside-loop", "repeat", SEEN, {"run.seedings": f"{words}{at(again[0].where)}"})


def _same_batches(run: Run) -> Iterator[Shown]:
    """Yield that one batch comes again and again, where the data has more."""
    if not run.loaders or not _has_more(run.loaders[0]):
        return
    found = _row([each for each in run.ledger if each.batch is not None], "batch")
    if found:
        facts = {"run.ledger.batch": f"steps {found[0]} to {found[1]} take one batch"}
        yield Shown("shuffle-disabled", "repeat", SEEN, facts, "The same batch is taken again and again")


def _has_more(loader: Loader) -> bool:
    return loader.length is None or loader.batch_size is None or loader.length > loader.batch_size


def _row(steps: list[Any], field: str) -> tuple[int, int] | None:
    """Return the first and last of the first steps in a row at which a field is the same, None where none are."""
    first = length = 0
    for one, other in pairwise(steps):
        same = getattr(one, field) is not None and getattr(one, field) == getattr(other, field)
        first, length = (first if length else one.step, length + 1) if same else (0, 0)
        if length == IN_A_ROW:
            return first, other.step
    return None


def _same_order(run: Run) -> Iterator[Shown]:
    """Yield that the second epoch begins with the batch with which the first did."""
    epochs = [mark.step for mark in run.marks if mark.name == "epoch"]
    batches = {each.step: each.batch for each in run.ledger if each.batch is not None}
    later = next((step for step in epochs if step > 1), 0)
    if not later or not run.loaders or not _has_more(run.loaders[0]) or batches.get(1) != batches.get(later + 1, ""):
        return
    loader = run.loaders[0]
    cause = "shuffle-disabled" if loader.shuffle is False else "reseed-inside-loop"
    if "Distributed" in (loader.sampler or ""):
        cause = "distributed-sampler-epoch"
    words = f"step {later + 1} begins an epoch with the batch of step 1"
    title = "Each epoch takes the same batches in the same order"
    yield Shown(cause, "repeat", SEEN, {"run.ledger.batch": f"{words}{at(loader.where)}"}, title)


def _still(run: Run) -> Iterator[Shown]:
    """Yield that steps leave all weights as they were, though the learning rate is above 0, and no number is lost."""
    found = _row([each for each in run.ledger if any(each.rates) and _is_told(each)], "parameters")
    if found:
        words = f"steps {found[0]} to {found[1]} leave all weights of the optimizer as they were"
        yield Shown("optimizer-detached-params", "wrong", SEEN, {"run.ledger.parameters": words})


def _is_told(step: Step) -> bool:
    """Tell whether loss and gradients are numbers: weights that became NaN stay so, whoever updates them."""
    return all(is_finite(each) for each in (step.loss, step.gradient_norm) if each is not None)


def _unseeded(run: Run) -> Iterator[Shown]:
    seeded = {each.generator for each in run.seedings}
    restored = {each.value for each in run.events if each.name == "restore-rng"}
    drawn = drawn_from(run) | ({"torch"} if run.steps else set())
    for generator, cause in UNSEEDED.items():
        if generator in drawn and generator not in seeded | restored:
            partly = generator == "numpy" and "torch" in seeded
            words = f"{generator} is drawn from and never seeded"
            yield Shown("partial-seeding" if partly else cause, "run", SEEN, {"run.seedings": words})
    made = next((each for each in run.seedings if each.generator == KIND and each.value == NOTHING), None)
    if made is not None:
        words = f"numpy.random.default_rng() is called without a seed{at(made.where)}"
        yield Shown("numpy-generator-unseeded", "run", SEEN, {"run.seedings": words})


def _workers(run: Run) -> Iterator[Shown]:
    """Yield that all workers of the loader begin with one state of numpy; who draws from it is not seen."""
    if workers_of(run) > 1 and states_of_workers(run) == 1:
        words = f"all {workers_of(run)} workers of the loader begin with one state of numpy.random"
        title = "Loader workers would draw the same numbers"
        yield Shown(
            "numpy-worker-duplicate-seed",
            "repeat",
            GUESSED,
            {"run.events": f"{words}{at(run.loaders[0].where)}"},
            title,
        )


def _unwritten(run: Run) -> Iterator[Shown]:
    tensors = run.model.tensors if run.model else {}
    names = [name for name, each in tensors.items() if each.looks == "uninitialised"]
    if names:
        verb = "holds" if len(names) == 1 else "hold"
        yield Shown("uninitialised-read", "run", SEEN, {"run.model.tensors": f"{named(names)} {verb} what memory held"})


def _evaluated(run: Run) -> Iterator[Shown]:
    found = next((each for each in run.events if each.name == "evaluate" and each.value.endswith(TRAINING)), None)
    if found is not None and (run.model is None or may_depend_on_mode(run.model)):
        words = f"{found.value.removesuffix(TRAINING)} is evaluated{TRAINING} after step {found.step}{at(found.where)}"
        yield Shown("train-vs-eval", "wrong", GUESSED, {"run.events": words}, "The model is evaluated in training mode")
