"""What a manifest says of one model, in a dozen lines: not a row for each tensor and module."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from envprint.manifest.model import Model, Optimizer, Pass, Tensor
from envprint.renderers.model_words import LOOKS, class_of
from envprint.renderers.plain import brief
from envprint.renderers.tensor_words import KINDS, counted

LISTED = 4
WORDS = 200  # characters of what may be a sentence
PASSES = {"own": "own mode", "eval": "evaluation"}
SETTINGS = ("lr", "betas", "momentum", "weight_decay", "eps")


def model_rows(model: Model) -> Iterator[tuple[str, str]]:
    """Yield label and text: what the model is, then its tensors, then what it was asked to do."""
    yield "class", f"{brief(model.type)}{', compiled' if model.compiled else ''}"
    if model.modules:
        classes = Counter(class_of(module.type) for module in model.modules.values())
        yield "modules", f"{len(model.modules)}: {_most_common(classes)}"
        yield "mode", _mode([bool(each.training) for each in model.modules.values() if each.training is not None])
    for kind, many in KINDS.items():
        if theirs := {name: each for name, each in model.tensors.items() if each.kind == kind}:
            yield many, _tensors(theirs)
    frozen = [brief(name) for name, each in model.tensors.items() if each.trainable is False and model.modules]
    yield from _row("frozen", frozen, ", ")
    yield from _oddities(model.tensors)
    yield from _passes(model)
    if model.optimizer:
        yield "optimizer", _optimizer(model.optimizer)
    unread = [f"{brief(part)}: {brief(reason, WORDS)}" for part, reason in model.unread.items()]
    yield from _row("not described", unread, "; ")


def _passes(model: Model) -> Iterator[tuple[str, str]]:
    if model.passes:
        yield "inputs", "made up, the same on every machine" if model.inputs == "made" else model.inputs or "unknown"
    for name, each in model.passes.items():
        yield f"pass, {PASSES.get(name) or brief(name)}", _pass(each)


def _most_common(counts: Counter[str]) -> str:
    named = [f"{number} {brief(name)}" for name, number in counts.most_common(LISTED)]
    rest = len(counts) - LISTED
    return ", ".join([*named, *([f"{rest} other class{'' if rest == 1 else 'es'}"] if rest > 0 else [])])


def _mode(training: list[bool]) -> str:
    if not training:
        return "unknown"
    if all(training) or not any(training):
        return f"{'training' if training[0] else 'evaluation'}, all modules"
    return f"{'training' if training[0] else 'evaluation'}; {sum(training)} of {len(training)} modules in training mode"


def _tensors(tensors: Mapping[str, Tensor]) -> str:
    """Return how many tensors there are, of how many numbers, tied ones once, and of which types."""
    own = [each for each in tensors.values() if each.tied_to is None]
    numbers = sum(math.prod(each.shape) for each in own)
    types = ", ".join(brief(name) for name, _ in Counter(each.dtype for each in tensors.values()).most_common(LISTED))
    transient = sum(each.persistent is False for each in tensors.values())
    parts = [f"{counted(len(tensors), 'tensor', 'tensors')}, {counted(numbers, 'number', 'numbers')} in {types}"]
    parts += [f"{transient} not persistent"] if transient else []
    return ", ".join(parts)


def _oddities(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """Yield what not every tensor is: tied, laid out otherwise, on several devices, or with numbers of nobody."""
    tied = [f"{brief(name)} is {brief(each.tied_to)}" for name, each in tensors.items() if each.tied_to is not None]
    yield from _row("tied", tied, "; ")
    layouts = Counter(each.layout for each in tensors.values() if each.layout)
    if layouts:
        yield "layout", _most_common(layouts)
    devices = Counter(each.device for each in tensors.values() if each.device)
    if devices:
        yield "device", _most_common(devices) if len(devices) > 1 else brief(next(iter(devices)))
    for looks, said in LOOKS.items():
        theirs = [brief(name) for name, each in tensors.items() if each.looks == looks]
        yield from ((label, f"{text}: {said}") for label, text in _row(looks, theirs, ", "))


def _row(label: str, texts: list[str], by: str) -> Iterator[tuple[str, str]]:
    if texts:
        more = f" and {len(texts) - LISTED} more" if len(texts) > LISTED else ""
        yield label, by.join(texts[:LISTED]) + more


def _pass(each: Pass) -> str:
    drawing = _first(call.module or "the model" for call in each.calls if call.draws)
    parts = [counted(len(each.calls), "call of a module", "calls of modules")]
    parts += [f"random numbers drawn in {drawing}"] if drawing else []
    parts += [f"changes {_first(each.changed)}"] if each.changed else []
    return ", ".join(parts)


def _first(names: Iterable[str]) -> str:
    return next((text for _, text in _row("", [brief(name) for name in dict.fromkeys(names)], ", ")), "")


def _optimizer(optimizer: Optimizer) -> str:
    first = optimizer.groups[0] if optimizer.groups else {}
    settings = [f"{name} {brief(first[name])}" for name in SETTINGS if name in first]
    parts = [class_of(optimizer.type) or optimizer.type, *settings, counted(len(optimizer.groups), "group", "groups")]
    parts += [f"{optimizer.steps} steps"] if optimizer.steps is not None else []
    parts.append(f"remembers something of {counted(len(optimizer.state), 'parameter', 'parameters')}")
    return brief(", ".join(parts), 2 * WORDS)
