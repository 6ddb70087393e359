"""Say how a tensor of two models differs, in words that every format shares."""

import math
from collections.abc import Iterable
from typing import Literal

from envprint.probes.bits import LAYOUTS
from envprint.probes.wording import size_of
from envprint.report import ModelDrift, TensorDrift

TELLING = 10**5  # of more units in the last place nobody thinks: the relative difference says it
ROUNDED = "rounded to"
STATES = {
    "recast": "another type",
    "negated": "the other sign",
    "permuted": "the same numbers in another order",
    "transposed": "transposed",
    "missing": "missing in b",
    "unexpected": "missing in a",
    "unknown": "not compared",
}
KINDS: dict[Literal["parameter", "buffer"], str] = {"parameter": "parameters", "buffer": "buffers"}


def say_tensor(tensor: TensorDrift) -> str:
    """Say how a tensor differs: in how many numbers and by how much, or what became of it."""
    if tensor.state == "differs" and ROUNDED not in tensor.detail:
        return ", ".join(filter(None, [say_numbers(tensor), say_size(tensor), tensor.detail])) or "differs"
    if ROUNDED in tensor.detail:
        return tensor.detail
    types = " / ".join(tensor.dtype.values()) if tensor.state == "recast" else ""
    return ", ".join(filter(None, [types or STATES.get(tensor.state, ""), tensor.detail]))


def say_numbers(tensor: TensorDrift) -> str:
    """Say how many numbers of a tensor differ, and by how many units in the last place where that is telling."""
    numbers = ""
    if tensor.differing is not None and tensor.count is not None:
        whole = tensor.differing == tensor.count
        numbers = f"all {tensor.count} numbers" if whole else f"{tensor.differing} of {tensor.count} numbers"
        numbers = "its one number" if whole and whole == tensor.count else numbers
    return ", ".join(filter(None, [numbers, _distance(tensor)]))


def _distance(tensor: TensorDrift) -> str:
    layout = LAYOUTS.get(tensor.dtype.get("a", ""))
    rounds = layout is not None and bool(layout.exponent)
    if tensor.max_ulp is None:
        return "NaN on one side" if rounds and tensor.differing else ""
    if not tensor.max_ulp:
        return "signs of zero, or NaNs"
    if not rounds:
        return f"by {tensor.max_ulp}"
    return f"{tensor.max_ulp} ULP" if tensor.max_ulp < TELLING or tensor.relative is None else ""


def say_size(tensor: TensorDrift) -> str:
    """Say by how much a tensor differs, relative to its largest number."""
    return f"{size_of(tensor.relative)} relative" if tensor.relative else ""


def measured(drift: ModelDrift, kind: Literal["parameter", "buffer"]) -> list[TensorDrift]:
    """Return the tensors of a kind that have other numbers, the largest difference first."""
    theirs = (each for each in drift.tensors if each.kind == kind and each.state == "differs")
    return sorted((each for each in theirs if ROUNDED not in each.detail), key=_rank)


def _rank(tensor: TensorDrift) -> float:
    """Return where a tensor stands: NaN on a side first, what no number tells last."""
    if tensor.relative is None or math.isnan(tensor.relative):
        return -math.inf if tensor.differing else math.inf
    return -tensor.relative


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"


def count_kinds(tensors: Iterable[TensorDrift]) -> str:
    """Return how many parameters and buffers there are: 17 parameters, 1 buffer."""
    kinds = [each.kind for each in tensors]
    counts = [counted(kinds.count(kind), kind, many) for kind, many in KINDS.items() if kind in kinds]
    return " and ".join(counts)
