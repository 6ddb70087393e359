"""The causes as they are injected into the other shapes of training: Lightning, and the Trainer of transformers."""

from collections.abc import Iterator
from dataclasses import replace

from _injected import INJECTED, WEIGHTS, Injected, both

LIGHTNING, TRAINER = "lightning_loop", "trainer_loop"
SHAPES = (LIGHTNING, TRAINER)
IMPORTED = {LIGHTNING: "lightning", TRAINER: "transformers.trainer"}  # which takes longer than all that they compute
SEEDS = "the Trainer seeds all generators itself: weights that were drawn before are seed-after-init"
# what makes no sense in a shape, and why
LEFT_OUT = {
    ("torch-seed-not-set", TRAINER): SEEDS,
    ("torch-seed-not-set-anywhere", TRAINER): SEEDS,
    ("grad-not-zeroed", TRAINER): "the Trainer sets gradients to zero itself, and has no word for it",
}
# what another shape is told otherwise, or acts elsewhere in it
SAVED, ON = "save={checkpoint} constant", "resume={checkpoint} without"
OWN, ON_OWN = "save={checkpoint-own} schedule", "resume={checkpoint-own} without"
AT_7, ON_7 = "save={checkpoint-7} at=7", "resume={checkpoint-7} without"
AT_3 = "save={checkpoint} at=3"
OTHERWISE: dict[str, tuple[Injected, ...]] = {
    LIGHTNING: (
        both("train-vs-eval", "", "eval=once", 1, "training", "once"),
        both("dataloader-position-resume", AT_3, f"{ON}=position", 4, "batch"),
        both("optimizer-state-missing", AT_7, f"{ON_7}=optimizer", 8, "parameters"),
        both("scheduler-state-missing", f"{OWN} at=7", f"{ON_OWN}=scheduler", 9, "rates"),
        both("rng-state-on-resume", AT_7, f"{ON_7}=rng", 8, "generators"),
    ),
    TRAINER: (
        both("partial-seeding", "mixed=numpy seed-numpy=no", "", 1, "batch"),
        both("numpy-legacy-unseeded", "mixed=numpy", "seed-numpy=no", 1, "batch"),
        both("python-random-unseeded", "mixed=python", "seed-python=no", 1, "batch"),
        # it seeds torch itself as its loop begins: what is seeded there once more changes the second epoch
        both("reseed-inside-loop", "", "reseed", 8, "generators"),
        # the order of its samples has a generator of its own
        both("rng-consumption-shift", "", "draw=0", 1, "generators", "before-the-loop"),
        both("train-vs-eval", "", "eval", 1, "generators"),
        # its learning rate falls over all steps: fewer of them are seen at the second one
        both("drop-last", "", "drop-last", 2, "rates"),
        both("seed-after-init", "", "seed-late", 0, WEIGHTS),
        both("dataloader-position-resume", SAVED, f"{ON}=position", 4, "batch"),
        both("optimizer-state-missing", SAVED, f"{ON}=optimizer", 4, "parameters"),
        both("scheduler-state-missing", OWN, f"{ON_OWN}=scheduler", 4, "rates"),
        both("rng-state-on-resume", SAVED, f"{ON}=rng", 4, "generators"),
    ),
}


def in_shape(script: str) -> Iterator[Injected]:
    """Yield the causes as a script of a shape has them, without those that make no sense in it."""
    otherwise = {case.id: case for case in OTHERWISE[script]}
    for case in (*(otherwise.pop(each.id, each) for each in INJECTED), *otherwise.values()):
        if (case.id, script) not in LEFT_OUT:
            name = "-".join(filter(None, (case.name, script.removesuffix("_loop"))))
            a, b = (told._replace(script=script) for told in (case.a, case.b))
            yield within(IMPORTED[script], replace(case, a=a, b=b, name=name))


def within(library: str, case: Injected) -> Injected:
    """Return a case whose runs are those of a process that has imported a library, where they can be."""
    # variables count as Python starts, and compilers start processes of their own
    is_alone = bool(case.a.variables or case.b.variables) or case.cause == "eager-vs-compile"
    a, b = (told._replace(within="" if is_alone else library) for told in (case.a, case.b))
    return replace(case, a=a, b=b)
