"""Say how two models differ, in words that every format shares: how many tensors, and where outputs part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from envprint.probes.wording import size_of
from envprint.renderers.tensor_words import ROUNDED, STATES, counted
from envprint.report import ModelDrift, Parting, TensorDrift

MODES: dict[Literal["own", "eval"], str] = {"own": "in the models' own mode", "eval": "in evaluation mode"}
LABELS = {
    "recast": "retyped",
    "missing": STATES["missing"],
    "unexpected": STATES["unexpected"],
    "unknown": STATES["unknown"],
}
OF_OTHER_NUMBERS = {"differs", "missing", "unexpected"}
LOOKS = {"fresh": "as a layer draws its weights", "uninitialised": "memory that nobody wrote"}


@dataclass(frozen=True)
class Note:
    """What can be said of some tensors in one breath."""

    label: str
    words: str
    tensors: tuple[TensorDrift, ...]


def say_identical(drift: ModelDrift) -> str:
    """Say how many tensors are identical, of those that both models have."""
    if not drift.compared:
        return "no tensor of one model was found in the other"
    alone = any(each.state in {"missing", "unexpected"} for each in drift.tensors)
    shared = f"{counted(drift.compared, 'tensor', 'tensors')}{' that both have' if alone else ''}"
    if drift.identical == drift.compared:
        return f"{shared} {'is' if drift.compared == 1 else 'are'} identical bit for bit"
    return f"{drift.identical} of {shared} {'is' if drift.identical == 1 else 'are'} identical"


def notes_on(drift: ModelDrift) -> Iterator[Note]:
    """Yield what became of the tensors that do not just have other numbers, and what looks as nobody trained it."""
    said: dict[tuple[str, str], list[TensorDrift]] = {}
    for each in drift.tensors:
        label: str = "rounded" if ROUNDED in each.detail else each.state
        if label != "differs":
            said.setdefault((label, each.detail), []).append(each)
    for (label, words), theirs in said.items():
        yield Note(LABELS.get(label, label), words, tuple(theirs))
    yield from _looks(drift)


def _looks(drift: ModelDrift) -> Iterator[Note]:
    """Yield tensors that look on one side as if nobody had trained or loaded them."""
    looking: dict[str, list[TensorDrift]] = {}
    for each in drift.tensors:
        sides = [(side, looks) for side, looks in sorted(each.looks.items()) if looks in LOOKS]
        if len(sides) == 1 and each.state in OF_OTHER_NUMBERS and ROUNDED not in each.detail:
            looking.setdefault(f"{LOOKS[sides[0][1]]} in {sides[0][0]}", []).append(each)
    for words, theirs in looking.items():
        yield Note("looks", words, tuple(theirs))


def say_outputs(drift: ModelDrift) -> str:
    """Say whether a forward pass with equal inputs gave the same outputs, in which mode."""
    words = {"same": "the same bits", "differ": "differ"}
    by_answer: dict[str, list[str]] = {}
    for mode, answer in drift.outputs.items():
        by_answer.setdefault(words[answer], []).append(MODES[mode])
    said = (f"{answer} {' and '.join(modes)}" for answer, modes in by_answer.items())
    return ", ".join(said) or "not compared: no forward pass of both with equal inputs"


def partings_of(drift: ModelDrift) -> list[tuple[str, Parting]]:
    """Return where outputs part, with the mode in which they do; once, and without, where it is the same in each."""
    found: dict[Parting, str] = {}
    for each in drift.partings:
        found.setdefault(each.model_copy(update={"mode": "own"}), MODES[each.mode])
    alike = len(found) == 1
    return [("" if alike else mode, parting) for parting, mode in found.items()]


def say_parting(parting: Parting) -> str:
    """Say what was equal still where outputs part, and how far they are apart."""
    if not parting.module and not parting.type:
        return "no module gives another output; those of the whole differ"
    apart = "" if parting.relative is None else f"its outputs are {size_of(parting.relative)} relative apart"
    return "; ".join(filter(None, [_equal_there(parting), apart]))


def _equal_there(parting: Parting) -> str:
    if parting.same_inputs is False:
        return "its inputs differ already, so code between modules parts them before it"
    parts: Sequence[tuple[str, bool | None]] = (("inputs", parting.same_inputs), ("tensors", parting.same_weights))
    same = [name for name, equal in parts if equal]
    other = [name for name, equal in parts if equal is False]
    said = [f"its {' and '.join(names)} {verb}" for names, verb in ((same, "are the same"), (other, "differ")) if names]
    return ", ".join(said)


def class_of(type_: str) -> str:
    """Return the name of a class without its module."""
    return type_.rpartition(".")[2]
