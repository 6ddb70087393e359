"""The causes as they can be injected into the other shapes of training: Lightning, and the Trainer of transformers."""

from collections.abc import Iterator
from dataclasses import replace

from _injected import INJECTED, Injected, Told

COMMON = frozenset(
    (
        "seed", "seed-late", "numpy", "augment", "draw", "loader-seed", "workers", "drop-last", "batch",
        "data", "folder", "normalise", "words", "eval", "dropout", "init", "unwritten", "lr", "decay", "fused",
        "optimizer", "clip", "smoothing", "autocast", "dtype", "default", "net", "no-mkldnn", "matmul", "edited",
    )
)  # fmt: skip
# what a script of this shape understands; the Trainer seeds all generators, shuffles, and clears gradients by itself
SHAPES = {
    "lightning_loop": COMMON | {"seed-torch", "seed-numpy", "seed-python", "shuffle", "worker-init", "no-zero"},
    "trainer_loop": COMMON - {"augment"},
}
FEWER_STEPS = ("drop-last", "trainer_loop")


def in_shape(script: str) -> Iterator[Injected]:
    """Yield the causes that a script of a shape can be told to have."""
    for case in INJECTED:
        words = {word.partition("=")[0] for told in (case.a, case.b) for word in told.words.split()}
        if words <= SHAPES[script]:
            told = replace(case, a=_told(case.a, script), b=_told(case.b, script), name=_name(case, script))
            # the Trainer's learning rate falls over all steps: fewer of them are seen at the second one
            yield replace(told, step=2, component="rates") if (case.cause, script) == FEWER_STEPS else told


def _told(told: Told, script: str) -> Told:
    return told._replace(script=script)


def _name(case: Injected, script: str) -> str:
    return "-".join(filter(None, (case.name, script.removesuffix("_loop"))))
