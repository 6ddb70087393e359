"""Rules about numbers: weights that a forward pass changes, that are equal, trained otherwise, or do not learn."""

import re
from collections.abc import Iterator
from typing import Any

from envprint.causes.models.observed import LIKELY, MAYBE, SURE, Observed, Open, counted, named, verb
from envprint.models.comparing import Comparison
from envprint.models.digest import digest_of
from envprint.models.subject import Subject
from envprint.probes.wording import size_of
from envprint.report import TensorDrift

NUMBER = re.compile(r"(?<=\.)[0-9]+(?=\.)")
INPUTS = "inputs"  # as a pass notes that it wrote to what it was given


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


def see_equal_layers(open_: Open) -> Iterator[Observed]:
    """Yield stacks of layers that all have the same weights on one side only."""
    found = open_.comparison
    stacks = {side: equal_layers(subject) for side, subject in (("a", found.a), ("b", found.b))}
    for stack in sorted(stacks["a"] ^ stacks["b"]):
        side = "a" if stack in stacks["a"] else "b"
        within = tuple(each for each in open_.tensors.values() if each.name.startswith(stack))
        if within:
            words = f"the layers in {stack.rstrip('.')} all have the same weights in {side}"
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
