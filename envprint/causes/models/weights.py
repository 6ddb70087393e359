"""Rules about numbers: weights that were drawn, never written, converted or trained otherwise, and how they lie."""

import math
import re
from collections.abc import Iterator
from typing import Any

from envprint.causes.models.observed import LIKELY, MAYBE, SURE, Observed, Open, are_unrelated, counted, named, verb
from envprint.models.comparing import Comparison
from envprint.models.digest import digest_of
from envprint.models.subject import Subject
from envprint.probes.wording import size_of
from envprint.report import SideName, TensorDrift

CONVERTED = ("transposed", "permuted", "negated")
NUMBER = re.compile(r"(?<=\.)[0-9]+(?=\.)")
INPUTS = "inputs"  # as a pass notes that it wrote to what it was given
SIDES: tuple[SideName, ...] = ("a", "b")
AS_SET = ("fresh", "constant")
ENOUGH = 64  # numbers, of fewer nothing is told
MOST = 0.5  # share of the weights from which on it is the model that differs, not a layer


def see_uninitialised(open_: Open) -> Iterator[Observed]:
    """Yield tensors that differ and look like memory that nobody wrote."""
    weights = [each for each in open_.tensors.values() if each.kind == "parameter"]
    unwritten = tuple(each for each in weights if "uninitialised" in each.looks.values())
    if 0 < len(unwritten) < MOST * (open_.comparison.drift.identical + len(weights)):  # where all are NaN, training did
        sides = sorted({side for each in unwritten for side, looks in each.looks.items() if looks == "uninitialised"})
        holds = verb(unwritten, "holds", "hold")
        words = f"{named(each.name for each in unwritten)} {holds} NaN or nonsense in {' and '.join(sides)}"
        yield open_.account(Observed("uninitialised-read", SURE, (words,), unwritten))


def see_what_passes_change(open_: Open) -> Iterator[Observed]:
    """Yield what a forward pass in evaluation mode changes, where the two sides differ in it, or but one changes it."""
    found = open_.comparison
    sides = [set(each.changed) if (each := side.model.passes.get("eval")) else None for side in (found.a, found.b)]
    changed = (sides[0] or set()) | (sides[1] or set())
    tensors = tuple(each for each in open_.tensors.values() if {each.name, each.other} & changed)
    names = {f"model.modules.{name}" for name in changed}
    settings = tuple(each for each in open_.settings.values() if each.path in names)
    words = f"a forward pass in evaluation mode writes to {named(map(_said, sorted(changed)))}"
    if tensors or settings:
        yield open_.account(Observed("forward-mutates", SURE if tensors else MAYBE, (words,), tensors, settings))
    elif None not in sides and sides[0] != sides[1]:
        side = "a" if sides[0] else "b"
        yield Observed("forward-mutates", LIKELY, (f"{words} on side {side} only",))
    elif changed & {INPUTS, *found.a.tensors} and found.a is not found.b:
        yield Observed("forward-mutates", MAYBE, (f"{words} on both sides: a second pass computes something else",))


def _said(changed: str) -> str:
    return "its input" if changed == INPUTS else changed


def see_conversion(open_: Open) -> Iterator[Observed]:
    """Yield the same numbers in another order, with axes exchanged, with another sign or in another shape."""
    converted = (*open_.of(*CONVERTED), *(each for each in open_.of("differs") if "another shape" in each.detail))
    if converted:
        first = converted[0]
        said = first.detail or first.state
        words = f"{first.name} has the same numbers, {said if first.state == 'differs' else first.state} ({said})"
        rest = (f"{counted(len(converted), 'tensor')} so",)
        yield open_.account(Observed("weight-conversion", SURE, (words, *rest), converted))


def see_equal_layers(open_: Open) -> Iterator[Observed]:
    """Yield stacks of layers that all have the same weights on one side only."""
    found = open_.comparison
    stacks = {side: equal_layers(subject) for side, subject in (("a", found.a), ("b", found.b))}
    for stack in sorted(stacks["a"] ^ stacks["b"]):
        side = "a" if stack in stacks["a"] else "b"
        within = tuple(each for each in open_.tensors.values() if each.name.startswith(stack))
        if within:
            words = f"all layers of {stack.rstrip('.')} have the same weights in {side}"
            yield open_.account(Observed("identical-encoder-layers", SURE, (words,), within))


def equal_layers(subject: Subject) -> set[str]:
    """Return the stacks of numbered layers of which all have the same weights; what is constant tells nothing."""
    stacks: dict[tuple[str, str], list[str]] = {}
    for name, tensor in subject.tensors.items():
        number = NUMBER.search(name)
        if number and tensor.looks != "constant" and len(tensor.shape) > 1 and not tensor.tied_to:
            stacks.setdefault((name[: number.start()], name[number.end() :]), []).append(name)
    alike: dict[str, bool] = {}
    for (stack, _), names in stacks.items():
        if len(names) > 1 and alike.get(stack, True):
            alike[stack] = len({_digest(subject, name) for name in names}) == 1
    return {stack for stack, same in alike.items() if same}


def _digest(subject: Subject, name: str) -> str:
    content = subject.contents.get(name)
    return subject.tensors[name].digest or (digest_of(content) if content else name)


def see_drawn(open_: Open) -> Iterator[Observed]:
    """Yield weights that look as layers draw them, on both sides or on one."""
    unlike = [each for each in open_.of("differs") if each.kind == "parameter"]
    told = [each for each in unlike if each.looks or max(each.count or 0, _size(each)) >= ENOUGH]
    drawn = {side: [each for each in told if each.looks.get(side) in AS_SET] for side in SIDES}
    fresh = {side for side in SIDES if any(each.looks.get(side) == "fresh" for each in drawn[side])}
    if not told or not are_unrelated(told):  # steps of one training, from weights that were drawn not long ago
        return
    both = [each for each in drawn["a"] if each in drawn["b"]]
    if len(both) >= MOST * len(told) and fresh == set(SIDES):
        looks = f"{verb(both, 'looks', 'look')} as a layer draws weights on both sides"
        words = f"{named(each.name for each in both)} {looks}"
        yield open_.account(Observed("initial-weights", SURE, (words,), open_.of("differs")))
    elif untouched := _as_they_were_set(open_.comparison, unlike):
        words = (
            f"{named(each.name for each in told)} differ as if drawn apart, and {untouched} are constants on both sides"
        )
        yield open_.account(Observed("initial-weights", LIKELY, (words,), open_.of("differs")))
    else:
        for side in sorted(fresh):
            only = [each for each in drawn[side] if each not in both]
            if len(only) >= MOST * len(told):
                yield open_.account(_drawn_on(side, only, open_))
                return


def _as_they_were_set(found: Comparison, unlike: list[TensorDrift]) -> str:
    """Return in words the norms that no training has touched on either side, where no other parameter differs so."""
    matrices = {each.name.rpartition(".")[0] for each in unlike if len(each.shape.get("a", ())) > 1}
    if any(each.name.rpartition(".")[0] not in matrices for each in unlike):
        return ""
    names = {each.name for each in unlike}
    norms = [name for name, each in found.a.tensors.items() if each.looks == "constant" and name not in names]
    theirs = dict(found.names.pairs)
    both = [name for name in norms if name in theirs and found.b.tensors[theirs[name]].looks in {"constant", None}]
    return named(both) if len(both) > 1 else ""


def _drawn_on(side: str, only: list[TensorDrift], open_: Open) -> Observed:
    """Return that weights were drawn on one side: a part of the model, or nearly all."""
    looks = verb(only, "looks", "look")
    words = f"{named(each.name for each in only)} {looks} as a layer draws weights in {side}, and not on the other side"
    unlike = open_.of("differs")
    identical = open_.comparison.drift.identical
    if sum(each.kind == "parameter" for each in unlike) < MOST * (identical + len(unlike)):
        return Observed("newly-initialised-layers", LIKELY, (words,), unlike)
    return Observed("strict-false-missing", MAYBE, (words,), unlike)


def _size(tensor: TensorDrift) -> int:
    return math.prod(tensor.shape.get("a", ()))


def see_trained(open_: Open) -> Iterator[Observed]:
    """Yield weights that differ for none of the reasons above: of another file where the counters say so."""
    found = open_.comparison
    unlike = tuple(each for each in open_.of("differs", "missing", "unexpected") if not _is_unused(each, found))
    if not unlike:
        return
    counters = _counters(found.a, found.b)
    words = _how_many(unlike, found.drift.compared)
    moved = tuple(f"{name} is {a:g} in a, {b:g} in b" for name, a, b in counters if a != b)
    if moved:
        yield open_.account(Observed("wrong-checkpoint-file", LIKELY, (*moved[:2], words), unlike))
    elif counters:
        name, number, _ = counters[0]
        same = f"{name} is {number:g} in both, and yet {words}: of two runs, it seems"
        yield open_.account(Observed("wrong-checkpoint-file", MAYBE, (same,), unlike))
    else:
        yield open_.account(Observed("trained-weights-differ", LIKELY, (words,), unlike))


def _is_unused(tensor: TensorDrift, found: Comparison) -> bool:
    """Tell whether weights alone have a tensor for which the model on the other side has no place."""
    here, there = (found.a, found.b) if tensor.state == "missing" else (found.b, found.a)
    return tensor.state != "differs" and here.is_bare and not there.is_bare


def _how_many(unlike: tuple[TensorDrift, ...], compared: int) -> str:
    differing = [each for each in unlike if each.state == "differs"]
    if not differing:
        return f"{named(each.name for each in unlike)} {verb(unlike, 'is', 'are')} on one side only"
    first = differing[0]
    size = f" by {size_of(first.relative)} relative" if first.relative else ""
    many = f"{len(differing)} of {counted(compared, 'tensor')} {verb(differing, 'differs', 'differ')}"
    if first.differing is not None and first.count:
        return f"{many}; in {first.name} {first.differing} of {counted(first.count, 'number')}{size}"
    return f"{many}, the first of them {first.name}{size}"


def _counters(a: Subject, b: Subject) -> list[tuple[str, float, float]]:
    """Return what both checkpoints count, with both numbers."""
    if not a.kept or not b.kept:
        return []
    ours, theirs = a.kept.counters, b.kept.counters
    return [(name, ours[name], theirs[name]) for name in ours if name in theirs]


def see_frozen(open_: Open) -> Iterator[Observed]:
    """Yield parameters that learn on one side only."""
    found = open_.comparison
    frozen = [
        name
        for name, other in found.names.pairs
        if None not in (states := (found.a.tensors[name].trainable, found.b.tensors[other].trainable))
        and states[0] != states[1]
    ]
    alike = (found.a.kind == "file") == (found.b.kind == "file") and not (found.a.is_bare or found.b.is_bare)
    if frozen and alike:
        words = f"{named(frozen)}: requires_grad is not the same, {counted(len(frozen), 'parameter')} in all"
        yield Observed("frozen-params", LIKELY, (words,), acts_on_outputs=False)
    rates = [_rates(subject) for subject in (found.a, found.b)]
    if all(rates) and rates[0] != rates[1]:
        words = f"the groups of the optimizer have learning rates {rates[0]} in a, {rates[1]} in b"
        yield Observed("frozen-params", LIKELY, (words,), acts_on_outputs=False)


def _rates(subject: Subject) -> list[Any]:
    optimizer = subject.model.optimizer
    return [group.get("lr") for group in optimizer.groups] if optimizer is not None else []
