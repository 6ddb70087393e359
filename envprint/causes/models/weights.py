"""Rules about numbers: weights that were drawn, never written, converted or trained otherwise, and how they lie."""

import re
from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, MAYBE, SURE, Observed, Open, counted, named
from envprint.models.digest import digest_of
from envprint.models.subject import Subject
from envprint.probes.wording import size_of
from envprint.report import TensorDrift

CONVERTED = ("transposed", "permuted", "negated")
NUMBER = re.compile(r"(?<=\.)[0-9]+(?=\.)")
MOST = 0.5  # share of the weights from which on it is the model that differs, not a layer


def see_uninitialised(open_: Open) -> Iterator[Observed]:
    """Yield tensors that differ and look like memory that nobody wrote."""
    weights = [each for each in open_.tensors.values() if each.kind == "parameter"]
    unwritten = tuple(each for each in weights if "uninitialised" in each.looks.values())
    if 0 < len(unwritten) < max(2, MOST * len(weights)):  # where all are NaN, training made them so
        sides = sorted({side for each in unwritten for side, looks in each.looks.items() if looks == "uninitialised"})
        words = f"{named(each.name for each in unwritten)} hold NaN or nonsense in {' and '.join(sides)}"
        yield open_.account(Observed("uninitialised-read", SURE, (words,), unwritten))


def see_what_passes_change(open_: Open) -> Iterator[Observed]:
    """Yield what a forward pass in evaluation mode changes, where the two sides differ in it."""
    found = open_.comparison
    changed = {name for side in (found.a, found.b) if (each := side.model.passes.get("eval")) for name in each.changed}
    tensors = tuple(each for each in open_.tensors.values() if {each.name, each.other} & changed)
    names = {f"model.modules.{name}" for name in changed}
    settings = tuple(each for each in open_.settings.values() if each.path in names)
    if tensors or settings:
        words = f"a forward pass in evaluation mode writes to {named(sorted(changed))}"
        yield open_.account(Observed("forward-mutates", SURE if tensors else MAYBE, (words,), tensors, settings))


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
    fresh = {side: [each for each in unlike if each.looks.get(side) == "fresh"] for side in ("a", "b")}
    told = [each for each in unlike if each.looks or max(each.count or 0, _size(each)) >= 64]  # noqa: PLR2004 - of fewer numbers nothing is told
    both = [each for each in fresh["a"] if each in fresh["b"]]
    drift = open_.comparison.drift
    if told and len(both) >= MOST * len(told):
        words = f"{named(each.name for each in both)} look as a layer draws them on both sides"
        yield open_.account(Observed("initial-weights", SURE, (words,), tuple(open_.of("differs"))))
        return
    for side in ("a", "b"):
        only = [each for each in fresh[side] if each not in both]
        if only and len(only) >= MOST * len(told):
            words = (
                f"{named(each.name for each in only)} look as a layer draws them in {side}, and not on the other side"
            )
            part = len(unlike) < MOST * (drift.identical + len(unlike))
            cause = "newly-initialised-layers" if part else "strict-false-missing"
            how_sure = LIKELY if part else MAYBE
            yield open_.account(Observed(cause, how_sure, (words,), tuple(open_.of("differs"))))
            return


def _size(tensor: TensorDrift) -> int:
    size = 1
    for length in tensor.shape.get("a", ()):
        size *= length
    return size


def see_trained(open_: Open) -> Iterator[Observed]:
    """Yield weights that differ for none of the reasons above: of another file where the counters say so."""
    unlike = open_.of("differs", "missing", "unexpected", "unknown")
    known = tuple(each for each in unlike if each.state != "unknown")
    if not known:
        return
    found = open_.comparison
    words = [_how_many(known, found.drift.compared)]
    counters = _other_counters(found.a, found.b)
    if counters:
        yield open_.account(Observed("wrong-checkpoint-file", LIKELY, (*counters, *words), known))
    elif known:
        yield open_.account(Observed("trained-weights-differ", LIKELY, tuple(words), known))


def _how_many(unlike: tuple[TensorDrift, ...], compared: int) -> str:
    first = unlike[0]
    size = f" by {size_of(first.relative)} relative" if first.relative else ""
    many = f"{len(unlike)} of {counted(compared, 'tensor')} differ"
    if first.differing is not None and first.count:
        return f"{many}; in {first.name} {first.differing} of {counted(first.count, 'number')}{size}"
    return f"{many}, the first of them {first.name}{size}"


def _other_counters(a: Subject, b: Subject) -> list[str]:
    if not a.kept or not b.kept:
        return []
    both = [name for name in a.kept.counters if name in b.kept.counters]
    unlike = [name for name in both if a.kept.counters[name] != b.kept.counters[name]]
    return [f"{name} is {a.kept.counters[name]:g} in a, {b.kept.counters[name]:g} in b" for name in unlike[:2]]


def see_frozen(open_: Open) -> Iterator[Observed]:
    """Yield parameters that learn on one side only."""
    found = open_.comparison
    frozen = [
        name
        for name, other in found.names.pairs
        if None not in (states := (found.a.tensors[name].trainable, found.b.tensors[other].trainable))
        and states[0] != states[1]
    ]
    if frozen and (found.a.kind == "file") == (found.b.kind == "file"):
        words = f"{named(frozen)}: requires_grad is not the same, {counted(len(frozen), 'parameter')} in all"
        yield Observed("frozen-params", LIKELY, (words,), acts_on_outputs=False)
