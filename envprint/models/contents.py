"""How the contents of two tensors differ: in which numbers and how far, or only in their type, order or sign."""

import math
from dataclasses import dataclass
from typing import Literal

from envprint.models.content import Content
from envprint.models.kinds import kind_of, raw_of
from envprint.models.moving import moved_axes, same_numbers
from envprint.models.rounding import meeting_types, rounding_between, tally_in
from envprint.models.tally import Tally, tally_of

State = Literal["identical", "recast", "negated", "permuted", "transposed", "differs"]
READ = 1 << 20  # bytes; compared at once


@dataclass(frozen=True)
class ContentDrift:
    """How the numbers of tensor b differ from those of tensor a; figures are None where numbers have no counterpart.

    identical   the same bits, type and shape
    recast      the same numbers in another type, rounded to the narrower
    negated     each number has the other sign
    permuted    the same numbers in another order
    transposed  the same numbers with their axes in another order
    differs     other numbers, or another shape
    """

    state: State
    differing: int | None  # elements whose bits differ
    count: int  # elements; of the larger one
    max_ulp: int | None = None  # None also where NaN stands against a number, or the type is no number's
    relative: float | None = None  # max|a - b| / max(|a|, |b|); None where NaN or infinity stands against another
    detail: str = ""


def compare_contents(a: Content, b: Content) -> ContentDrift:
    """Return how two contents differ, reading both block by block; again only if most of their elements differ.

    Law: two contents the other way round differ as much, with the letters in `detail` exchanged.
    """
    count = max(math.prod(a.shape), math.prod(b.shape))
    if a.shape != b.shape and a.dtype != b.dtype:
        return ContentDrift("differs", None, count, detail=f"{a.dtype} {a.shape} against {b.dtype} {b.shape}")
    if a.dtype != b.dtype:
        return _compare_types(a, b, count)
    if math.prod(a.shape) != math.prod(b.shape):
        return ContentDrift("differs", None, count, detail=_shapes(a, b))
    return _compare_shapes(a, b, count) if a.shape != b.shape else _compare_like(a, b, count)


def _compare_like(a: Content, b: Content, count: int) -> ContentDrift:
    tally = _tally(a, b)
    if not tally.differing:
        return _measured("identical", tally, count)
    if tally.opposite:
        return _measured("negated", tally, count)
    if 2 * tally.differing < count:
        moved = not tally.balance and same_numbers(a, b)
        return _measured("permuted" if moved else "differs", tally, count)
    if tally.balance:  # not the same numbers
        return _measured("differs", tally, count, rounding_between(a, b))
    axes = moved_axes(a, b)
    if axes:
        return _measured("transposed", tally, count, f"b is a.permute{axes}")
    if same_numbers(a, b):
        return _measured("permuted", tally, count)
    return _measured("differs", tally, count, rounding_between(a, b))


def _compare_types(a: Content, b: Content, count: int) -> ContentDrift:
    left, right = kind_of(a.dtype), kind_of(b.dtype)
    tallies = {name: tally_in(name, a, b) for name in meeting_types(left, right)}
    for name, tally in tallies.items():
        if not tally.differing:
            whole = "the same whole numbers"
            detail = whole if name == "int64" else f"{'b is a' if right.name == name else 'a is b'} rounded to {name}"
            return _measured("recast", tally, count, detail)
    types = f"{a.dtype} against {b.dtype}"
    for name, tally in tallies.items():
        return _measured("differs", tally, count, f"{types}, measured in {name}")
    return ContentDrift("differs", None, count, detail=types)


def _compare_shapes(a: Content, b: Content, count: int) -> ContentDrift:
    axes = moved_axes(a, b)
    if axes:
        return ContentDrift("transposed", None, count, detail=f"b is a.permute{axes}")
    tally = _tally(a, b)
    if not tally.differing:
        return _measured("differs", tally, count, "same numbers in another shape")
    if not tally.balance and same_numbers(a, b):
        return ContentDrift("permuted", None, count, detail=_shapes(a, b))
    return ContentDrift("differs", None, count, detail=_shapes(a, b))


def _tally(a: Content, b: Content) -> Tally:
    kind = kind_of(a.dtype)
    blocks = zip(a.blocks(READ), b.blocks(READ), strict=True)
    pairs = ((raw_of(x, kind), raw_of(y, kind)) for x, y in blocks)
    return tally_of(pairs, lambda: (raw_of(x, kind) for x in a.blocks(READ)), kind)


def _measured(state: State, tally: Tally, count: int, detail: str = "") -> ContentDrift:
    return ContentDrift(state, tally.differing, count, tally.max_ulp, tally.relative, detail)


def _shapes(a: Content, b: Content) -> str:
    return f"shape {a.shape} against {b.shape}"
