"""Where the outputs of two forward passes with equal inputs part: the first module, and what was equal there still."""

from collections.abc import Collection, Mapping
from typing import Literal

from envprint.manifest.model import Call, Pass
from envprint.models.subject import Subject
from envprint.probes.bits import decode, relative_difference
from envprint.report import Parting

Mode = Literal["own", "eval"]
MODES: tuple[Mode, ...] = ("own", "eval")


def outputs_of(a: Subject, b: Subject) -> dict[Mode, Literal["same", "differ"]]:
    """Return by mode whether the outputs are the same bits, where both were given the same inputs."""
    return {
        mode: "same" if left.outputs == right.outputs else "differ"
        for mode in MODES
        if (sides := _comparable(a, b, mode)) is not None
        for left, right in [sides]
    }


def find_partings(a: Subject, b: Subject, unlike: Collection[str], modules: Mapping[str, str]) -> tuple[Parting, ...]:
    """Return by mode the first module whose outputs part; `unlike` are the tensors that differ, by their names in a."""
    found = []
    for mode in MODES:
        sides = _comparable(a, b, mode)
        if sides is not None and sides[0].outputs != sides[1].outputs:
            found.append(_first(mode, a, sides, unlike, modules))
    return tuple(found)


def _comparable(a: Subject, b: Subject, mode: Mode) -> tuple[Pass, Pass] | None:
    left, right = a.model.passes.get(mode), b.model.passes.get(mode)
    return (left, right) if left and right and left.inputs == right.inputs else None


def _first(
    mode: Mode, a: Subject, sides: tuple[Pass, Pass], unlike: Collection[str], modules: Mapping[str, str]
) -> Parting:
    """Return the first call whose output differs: those within a module end before it."""
    theirs: dict[tuple[str, int], Call] = _numbered(sides[1])
    for (name, count), call in _numbered(sides[0]).items():
        other = theirs.get((modules.get(name, name), count))
        if other is None or other.outputs == call.outputs:
            continue
        module = a.model.modules.get(name)
        return Parting(
            mode=mode,
            module=name,
            type=module.type if module else "",
            same_inputs=call.inputs == other.inputs,
            same_weights=not any(each.startswith(f"{name}." if name else "") for each in unlike),
            relative=_apart(call, other),
        )
    return Parting(mode=mode, module="")


def _numbered(of: Pass) -> dict[tuple[str, int], Call]:
    """Return the calls by module and how often it was called before."""
    counts: dict[str, int] = {}
    found: dict[tuple[str, int], Call] = {}
    for call in of.calls:
        counts[call.module] = counts.get(call.module, 0) + 1
        found[call.module, counts[call.module]] = call
    return found


def _apart(a: Call, b: Call) -> float | None:
    """Return how far the samples of two outputs are apart, relative to the largest of them."""
    if not a.samples or not b.samples or a.dtype != b.dtype or a.dtype is None:
        return None
    left, right = decode(a.samples, a.dtype), decode(b.samples, a.dtype)
    if len(left) != len(right):
        return None
    return relative_difference(list(zip(left, right, strict=True)), a.dtype)
