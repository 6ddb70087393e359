"""Which generators a run draws from: a state that nobody draws from acts on nothing, wherever it parts."""

import math
import re
from collections.abc import Iterator, Mapping

from envprint.manifest.ledger import Run, Step

SUM = re.compile(r"(.+):([0-9a-f]{16})")
MASK = (1 << 64) - 1  # sums of samples are of 64 bits
SAMPLES = "samples"  # a mark's digest of the samples of an epoch, beside those of generators


def drawn_from(run: Run) -> frozenset[str]:
    """Return the generators whose state moves from the first loader or step on."""
    states: dict[str, set[str]] = {}
    for generators in _states(run):
        for name, digest in generators.items():
            states.setdefault(name, set()).add(digest)
    return frozenset(name for name, seen in states.items() if len(seen) > 1)


def untouched(run: Run, until: float = math.inf) -> frozenset[str]:
    """Return the generators that were looked at more than once from the import of torch on, and never moved.

    What is drawn behind the step `until` is not asked for.
    """
    states: dict[str, list[str]] = {}
    looks = [(each.step, each.generators) for each in run.marks] + [(each.step, each.generators) for each in run.ledger]
    for generators in (each for step, each in looks if step <= until):
        for name, digest in generators.items():
            states.setdefault(name, []).append(digest)
    return frozenset(name for name, seen in states.items() if len(seen) > 1 and len(set(seen)) == 1)


def drawn_for(run: Run, steps: Mapping[int, Step], number: int) -> frozenset[str]:
    """Return the generators that a run drew from for the batch of a step, or since the step that is kept before it.

    Where an optimizer is handed all of a step as a closure, what that draws is seen as the next one begins.
    """
    earlier = max((each for each in steps if each < number), default=0)
    before = steps[earlier].generators if earlier else _states_before_training(run)
    after = [steps[each].generators for each in (number, number + 1) if each in steps]
    return frozenset(name for name, digest in before.items() if any(each.get(name, digest) != digest for each in after))


def drawn_in_vain(a: Mapping[int, Step], b: Mapping[int, Step], until: int) -> frozenset[str]:
    """Return the generators that both runs drew other numbers from before a step, for batches that were the same."""
    found: set[str] = set()
    for number in a.keys() & b.keys():
        if number < until and number - 1 in a and number - 1 in b and a[number].batch == b[number].batch is not None:
            states = [(steps[number - 1].generators, steps[number].generators) for steps in (a, b)]
            found.update(
                name
                for name in states[0][0].keys() & states[1][0].keys()
                if states[0][0][name] != states[1][0][name]
                and all(before[name] != after.get(name, before[name]) for before, after in states)
            )
    return frozenset(found)


def _states(run: Run) -> Iterator[Mapping[str, str]]:
    yield from (mark.generators for mark in run.marks if mark.name == "epoch")
    yield from (step.generators for step in run.ledger)


def parted_generators(one: Step, other: Step, drawn: frozenset[str]) -> list[str]:
    """Return the generators in use whose states are not the same at a step of two runs."""
    both = one.generators.keys() & other.generators.keys() & drawn
    return sorted(name for name in both if one.generators[name] != other.generators[name])


def states_before_training(a: Run, b: Run, generator: str) -> bool | None:
    """Tell whether a generator stood the same as the first loader began; None where that is not known.

    Where no loader began, it is told of the last place before the first step at which anybody looked.
    """
    states = [_states_before_training(run).get(generator) for run in (a, b)]
    return None if None in states else states[0] == states[1]


def _states_before_training(run: Run) -> Mapping[str, str]:
    early = [mark for mark in run.marks if not mark.step and SAMPLES not in mark.generators]
    begun = next((mark for mark in early if mark.name == "epoch"), None) or next(reversed(early), None)
    return begun.generators if begun else {}


def samples_of_first_epoch(run: Run) -> str | None:
    """Return the digest of the samples of the first whole epoch, in any order.

    Some libraries count batches and do not ask for one more: the end of their epochs is not seen, and the samples are
    those of so many steps.
    """
    seen = next((mark.generators[SAMPLES] for mark in run.marks if SAMPLES in mark.generators), None)
    return seen or _samples_of_steps(run)


def _samples_of_steps(run: Run) -> str | None:
    loader = run.loaders[0] if run.loaders else None
    if loader is None or not loader.length or not loader.batch_size or "Distributed" in (loader.sampler or ""):
        return None
    whole, rest = divmod(loader.length, loader.batch_size)
    count = whole + bool(rest and not loader.drop_last)
    found = [SUM.fullmatch(step.samples or "") for step in run.ledger if step.step <= count]
    sums = [each for each in found if each is not None]
    if len(sums) < max(count, 1):
        return None
    return f"{sums[0][1]}:{sum(int(each[2], 16) for each in sums) & MASK:016x}"


def samples_meet(a: Mapping[int, Step], b: Mapping[int, Step], begins: int) -> int:
    """Return the first step up to which two runs took the same samples, in any order, from one at which they part on.

    0 where there is none as far as each step is kept and its samples were told apart.
    """
    apart, number = 0, begins
    while number in a and number in b:
        left, right = (SUM.fullmatch(steps[number].samples or "") for steps in (a, b))
        if left is None or right is None or left[1] != right[1]:
            return 0
        apart = (apart + int(left[2], 16) - int(right[2], 16)) & MASK
        if not apart:
            return number
        number += 1
    return 0


def drawn_weights(a: Run, b: Run) -> tuple[list[str], list[str]]:
    """Return the weights that look as layers draw them: those that are the same in both runs, and the others."""
    left, right = (run.model.tensors if run.model else {} for run in (a, b))
    drawn = [
        name
        for name, tensor in left.items()
        if tensor.kind == "parameter" and tensor.looks == "fresh" and name in right and tensor.digest
    ]
    alike = [name for name in drawn if left[name].digest == right[name].digest]
    return alike, [name for name in drawn if name not in alike]


def last_mark_alike(a: Run, b: Run, generator: str) -> tuple[str, str] | None:
    """Return the last mark of both at which a generator stood the same, and the next, at which it does not."""
    marks = [[mark for mark in run.marks if generator in mark.generators] for run in (a, b)]
    before = ""
    for one, other in zip(*marks, strict=False):
        if one.name != other.name:
            return None
        if one.generators[generator] != other.generators[generator]:
            if before:
                return before, one.name
        else:
            before = one.name
    return None
