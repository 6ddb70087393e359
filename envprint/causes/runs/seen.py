"""Rules that read two recorded runs and where they part: each names a cause that the ledgers show."""

from collections.abc import Callable, Iterator

from envprint.causes.models.observed import LIKELY, MAYBE, SURE, Observed
from envprint.causes.runs.parting import BEFORE, Parting
from envprint.manifest.ledger import Loader, Run

GENERATORS = ("torch", "numpy", "python")
OF_LOADERS = (
    ("shuffle", "shuffle-disabled"),
    ("batch_size", "batch-size-train"),
    ("drop_last", "drop-last"),
    ("workers", "num-workers"),
)
RATES = ("lr", "betas", "momentum", "weight_decay", "eps", "dampening", "nesterov")


def see_seeds(a: Run, b: Run, parting: Parting) -> Iterator[Observed]:
    """Yield seeds that were set to other values, on one side only, too late, or nowhere."""
    if parting.step > BEFORE and parting.component not in {"batch", "generators"}:
        return
    for generator in GENERATORS:
        left, right = (_values(run, generator) for run in (a, b))
        if left and right and left[0] != right[0]:
            words = f"{generator} is seeded with {left[0]} at {_where(a, generator)} in a, with {right[0]} in b"
            yield Observed("seed-value-differs", SURE, (words,))
        elif bool(left) != bool(right):
            side = "b" if left else "a"
            others = any(_values(run, other) for run in (a, b) for other in GENERATORS if other != generator)
            words = f"{generator} is seeded on one side only, not in {side}"
            cause = {"torch": "torch-seed-not-set", "numpy": "numpy-legacy-unseeded"}.get(generator)
            yield Observed(cause or "python-random-unseeded", SURE, (words,))
            if others and not cause:
                yield Observed("partial-seeding", MAYBE, (words,))
        elif not left and generator == "torch":
            known = [name for name in ("numpy", "python") if _values(a, name) or _values(b, name)]
            words = "torch is seeded on neither side"
            cause = "partial-seeding" if known else "torch-seed-not-set"
            yield Observed(cause, SURE, (f"{words}, {known[0]} is" if known else words,))
        elif left and generator == "torch":
            yield from _late(a)


def _late(run: Run) -> Iterator[Observed]:
    """Yield that torch was seeded only after a model had drawn its weights."""
    first = next(each for each in run.seedings if each.generator == "torch")
    if first.after_model:
        words = f"torch is seeded at {first.where} after a model was built: its weights were drawn before"
        yield Observed("seed-after-init", LIKELY, (words,))


def _values(run: Run, generator: str) -> list[str]:
    return [each.value for each in run.seedings if each.generator == generator]


def _where(run: Run, generator: str) -> str:
    return next((each.where for each in run.seedings if each.generator == generator), "?")


def see_loaders(a: Run, b: Run, parting: Parting) -> Iterator[Observed]:
    """Yield loaders that walk through their data in another way, or through other data."""
    if parting.component not in {"batch", "generators", "between the steps that are kept", "initial weights"}:
        return
    pairs = list(zip(a.loaders, b.loaders, strict=False))
    for left, right in pairs:
        for field, cause in OF_LOADERS:
            if getattr(left, field) != getattr(right, field):
                words = f"{field} is {getattr(left, field)} in a, {getattr(right, field)} in b, at {left.where}"
                yield Observed(cause, SURE if parting.component == "batch" else MAYBE, (words,))
        if _other_data(left, right):
            words = f"the data set {left.dataset} has {left.length} samples in a, {right.dataset} {right.length} in b"
            yield Observed("dataset-version", SURE, (words,))
    if parting.component == "batch" and not any(_is_other(left, right) for left, right in pairs):
        yield _of_order(a, b, parting)


def _other_data(a: Loader, b: Loader) -> bool:
    return (a.dataset, a.length) != (b.dataset, b.length)


def _is_other(a: Loader, b: Loader) -> bool:
    return _other_data(a, b) or any(getattr(a, field) != getattr(b, field) for field, _ in OF_LOADERS)


def _of_order(a: Run, b: Run, parting: Parting) -> Observed:
    """Return that samples come in another order, where those of an epoch are the same, or that they are others."""
    epochs = [[mark.generators.get("samples") for mark in run.marks if "samples" in mark.generators] for run in (a, b)]
    if epochs[0] and epochs[1]:
        if epochs[0][0] == epochs[1][0]:
            words = (
                f"the first epoch has the same samples on both sides; step {parting.step} is the first in another order"
            )
            return Observed("shuffle-order", SURE, (words,))
        return Observed("dataset-version", LIKELY, ("the samples of the first epoch are others",))
    step = [next((each for each in run.ledger if each.step == parting.step), None) for run in (a, b)]
    same = step[0] is not None and step[1] is not None and step[0].samples == step[1].samples
    words = "the same samples in another order" if same else f"other samples from step {parting.step} on"
    return Observed("shuffle-order", LIKELY if same else MAYBE, (words,))


def see_initial(a: Run, b: Run, parting: Parting) -> Iterator[Observed]:
    """Yield that training begins from other weights."""
    if parting.component == "initial weights":
        how = "" if a.restored == b.restored else ", and only one goes on from a saved optimizer"
        yield Observed("initial-weights", LIKELY, (f"the weights before the first step are others{how}",))
    if a.restored is not None and b.restored is not None and a.restored != b.restored:
        yield Observed("optimizer-state-missing", LIKELY, ("only one side's optimizer remembers steps at the first",))


def see_optimizer(a: Run, b: Run, parting: Parting) -> Iterator[Observed]:
    """Yield another optimizer, or the same with other settings."""
    if a.optimizer and b.optimizer and a.optimizer != b.optimizer:
        cause = "adam-vs-adamw" if {a.optimizer, b.optimizer} == {"Adam", "AdamW"} else "optimizer-hyperparams"
        yield Observed(cause, SURE, (f"the optimizer is {a.optimizer} in a, {b.optimizer} in b",))
        return
    for left, right in zip(a.groups, b.groups, strict=False):
        unlike = [name for name in RATES if left.get(name) != right.get(name)]
        if unlike:
            name = unlike[0]
            words = f"{name} is {left.get(name)} in a, {right.get(name)} in b"
            sure = parting.component in {"rates", "parameters", "state"} or parting.step > BEFORE
            yield Observed("optimizer-hyperparams", SURE if sure else MAYBE, (words,))
            return


def see_mode(_a: Run, _b: Run, parting: Parting) -> Iterator[Observed]:
    """Yield that the model trains in evaluation mode on one side."""
    if parting.component == "training":
        yield Observed("train-vs-eval", SURE, (f"the model is in training mode: {parting.a} in a, {parting.b} in b",))


RULES: tuple[Callable[[Run, Run, Parting], Iterator[Observed]], ...] = (
    see_seeds,
    see_loaders,
    see_optimizer,
    see_mode,
    see_initial,
)
