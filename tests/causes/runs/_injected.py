"""Causes to inject into a training script: what each side is told, and where the two then part."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple


class Told(NamedTuple):
    """What a run is told: words for its script, and variables; `within`: in a process that has imported this."""

    words: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    script: str = "plain_loop"
    within: str = ""


@dataclass(frozen=True)
class Injected:
    """A cause, both sides, and where they part; of which the script's own output tells where None.

    `also` is a second cause that acts behind it.
    """

    cause: str
    a: Told
    b: Told
    step: int | None
    component: str
    name: str = field(default="")
    also: str = ""

    @property
    def id(self) -> str:
        """Return what a test is called by."""
        return f"{self.cause}-{self.name}" if self.name else self.cause

    @property
    def told(self) -> tuple[tuple[Told, int], tuple[Told, int]]:
        """Return what both runs are told, and which copy each is where that is the same."""
        return (self.a, 0), (self.b, int(self.a == self.b))


def both(cause: str, words: str, more: str, step: int | None, component: str, name: str = "") -> Injected:
    """Return a cause that some words more bring about on side b."""
    return Injected(cause, Told(words), Told(f"{words} {more}".strip()), step, component, name)


def two(cause: str, also: str, words: str, more: str, step: int | None, component: str) -> Injected:
    """Return two causes that some words more bring about on side b."""
    return replace(both(cause, words, more, step, component, f"and-{also}"), also=also)


def threads(number: int) -> tuple[tuple[str, str], ...]:
    """Return the variable that sets the number of threads."""
    return (("OMP_NUM_THREADS", str(number)),)


RANDOM = (("PYTHONHASHSEED", "random"),)
WEIGHTS = "initial weights"
RESUMED = "resume={checkpoint} epochs=1"
INJECTED = (
    both("torch-seed-not-set", "", "seed-torch=no", 0, WEIGHTS),
    both("torch-seed-not-set", "seed-torch=no seed-python=no seed-numpy=no", "", 0, WEIGHTS, "anywhere"),
    both("seed-value-differs", "", "seed=1", 0, WEIGHTS),
    both("partial-seeding", "augment=numpy seed-numpy=no", "", 1, "batch"),
    both("numpy-legacy-unseeded", "augment=numpy", "seed-numpy=no", 1, "batch"),
    both("python-random-unseeded", "augment=python", "seed-python=no", 1, "batch"),
    both("numpy-generator-unseeded", "augment=generator", "generator=7", 1, "batch", "on-one-side"),
    both("numpy-generator-unseeded", "augment=generator", "", 1, "batch"),
    both("seed-value-differs", "augment=generator generator=6", "generator=7", 1, "batch", "of-a-generator"),
    both("seed-after-init", "", "seed-late", 0, WEIGHTS),
    both("reseed-inside-loop", "", "reseed", 1, "batch"),
    both("reseed-inside-loop", "shuffle=no", "reseed=later", 8, "generators", "in-a-later-epoch"),
    both("rng-consumption-shift", "", "draw=0", 1, "batch", "before-the-loop"),
    both("rng-consumption-shift", "", "draw=5", 5, "generators"),
    both("shuffle-order", "loader-seed=0", "loader-seed=1", 1, "batch"),
    both("shuffle-disabled", "", "shuffle=no", 1, "batch"),
    both("num-workers", "augment=torch", "workers=2", 1, "batch"),
    both("numpy-worker-duplicate-seed", "workers=2 augment=numpy", "worker-init=constant", 1, "batch"),
    both("drop-last", "", "drop-last", 7, "batch"),
    both("batch-size-train", "", "batch=8", 1, "batch"),
    both("dataset-version", "", "data=101", 1, "batch"),
    both("file-listing-order", "folder={files}", "folder={files-otherwise}", 1, "batch"),
    both("normalisation-statistics", "normalise=20", "normalise=26", 1, "batch"),
    both("normalisation-statistics", "scale=20", "scale=26", 1, "batch", "by-hand"),
    both("dataloader-position-resume", "save={checkpoint}", f"{RESUMED} without=position", 4, "batch"),
    Injected("pythonhashseed", Told("words"), Told("words", (("PYTHONHASHSEED", "1"),)), 1, "batch"),
    Injected("pythonhashseed", Told("words", RANDOM), Told("words", RANDOM), 1, "batch", "random"),
    both("train-vs-eval", "", "eval", 1, "training"),
    both("dropout-p", "", "dropout=0.5", 1, "loss"),
    both("dropout-p", "", "dropout=0", 1, "generators", "none"),
    both("initial-weights", "", "init=orthogonal", 0, WEIGHTS),
    both("uninitialised-read", "unwritten=zeros", "unwritten=other", 0, WEIGHTS),
    both("optimizer-hyperparams", "", "lr=0.02", 1, "rates"),
    both("optimizer-hyperparams", "", "decay=0.1", 1, "parameters", "weight-decay"),
    both("optimizer-impl", "", "fused", None, ""),
    both("adam-vs-adamw", "decay=0.1", "optimizer=AdamW", 1, "parameters"),
    both("optimizer-state-missing", "save={checkpoint}", f"{RESUMED} without=optimizer", 4, "rates"),
    both("scheduler-state-missing", "save={checkpoint}", f"{RESUMED} without=scheduler", 5, "rates"),
    both("rng-state-on-resume", "save={checkpoint}", f"{RESUMED} without=rng", 4, "generators"),
    both("grad-clip-order", "clip=0.5", "clip-first", 1, "gradients"),
    both("grad-clip-order", "", "clip=0.5", 1, "gradients", "one-side"),
    both("grad-not-zeroed", "", "no-zero", 2, "gradients"),
    both("loss-fn-config", "", "smoothing=0.1", 1, "loss"),
    both("autocast", "", "autocast", 1, "loss"),
    both("model-dtype", "", "dtype=bfloat16", 0, WEIGHTS),
    both("default-dtype", "", "default=float64", 0, WEIGHTS),
    Injected("intra-op-threads", Told("net=wide"), Told("net=wide", threads(2)), None, ""),
    both("mkldnn-enabled", "net=conv", "no-mkldnn", None, ""),
    both("float32-matmul-precision", "net=wide", "matmul=medium", None, ""),
    both("eager-vs-compile", "", "compile", 1, "generators"),
    both("eager-vs-compile", "dropout=0", "compile", None, "", "rounding"),
    both("code-version", "", "edited", 1, "loss"),
)
ALIKE = (
    both("bn-hyperparams", "", "momentum=0.3", None, "momentum of 1", "without-effect"),
    both("drop-last", "batch=13", "drop-last", None, "drop_last of the loader", "without-effect"),
    both("numpy-legacy-unseeded", "", "numpy=7", None, "numpy's generator is seeded with 0", "without-effect"),
    both("equal", "", "", None, ""),
)
# two causes at once: the first is the one that acts first
TOGETHER = (
    two("seed-value-differs", "batch-size-train", "", "seed=1 batch=8", 0, WEIGHTS),
    two("seed-after-init", "shuffle-disabled", "", "seed-late shuffle=no", 0, WEIGHTS),
    two("initial-weights", "optimizer-hyperparams", "", "init=orthogonal lr=0.02", 0, WEIGHTS),
    two("model-dtype", "grad-clip-order", "", "dtype=bfloat16 clip=0.5", 0, WEIGHTS),
    two("dataset-version", "dropout-p", "", "data=101 dropout=0.5", 1, "batch"),
    two("shuffle-order", "loss-fn-config", "loader-seed=0", "loader-seed=1 smoothing=0.1", 1, "batch"),
    two("numpy-legacy-unseeded", "optimizer-hyperparams", "augment=numpy", "seed-numpy=no lr=0.02", 1, "batch"),
    two("train-vs-eval", "adam-vs-adamw", "decay=0.1", "eval optimizer=AdamW", 1, "training"),
    two("dropout-p", "drop-last", "", "dropout=0.5 drop-last", 1, "loss"),
    two("autocast", "optimizer-hyperparams", "", "autocast lr=0.02", 1, "loss"),
    two("loss-fn-config", "grad-not-zeroed", "", "smoothing=0.1 no-zero", 1, "loss"),
    two("grad-clip-order", "optimizer-impl", "", "clip=0.5 fused", 1, "gradients"),
)
