"""Numbers that were moved: the same ones in another order, with or without axes that say in which."""

import itertools
from collections.abc import Iterator
from typing import Any

from envprint.models.content import BLOCK, Content
from envprint.models.kinds import kind_of
from envprint.models.tally import equal

MOST_AXES = 6  # 720 orders
SALTS = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)
SLICE = 1 << 15  # words


def moved_axes(a: Content, b: Content) -> tuple[int, ...] | None:
    """Return the order of its axes in which the first content is the second, byte for byte; None where there is none.

    Of one shape, an order that leaves each number where it is, is none.
    """
    if len(a.shape) > MOST_AXES or sorted(a.shape) != sorted(b.shape):
        return None
    return next((axes for axes in _orders(a.shape, b.shape) if _same_bytes(a.permuted(axes), b)), None)


def same_numbers(a: Content, b: Content) -> bool:
    """Tell whether two contents of one type hold the same elements, each as often; wrong once in 2**128."""
    return _hash(a) == _hash(b)


def _orders(shape: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    seen = set() if shape != wanted else {tuple(axis for axis, size in enumerate(shape) if size != 1)}
    for axes in itertools.permutations(range(len(shape))):
        moving = tuple(axis for axis in axes if shape[axis] != 1)
        if tuple(shape[axis] for axis in axes) == wanted and moving not in seen:
            seen.add(moving)
            yield axes


def _same_bytes(a: Content, b: Content) -> bool:
    import numpy as np

    blocks = zip(a.blocks(BLOCK), b.blocks(BLOCK), strict=True)
    return all(equal(np.frombuffer(x, "<u1"), np.frombuffer(y, "<u1")) for x, y in blocks)


def _hash(content: Content) -> tuple[int, ...]:
    """Return sums over the elements, each mixed in two ways, that do not depend on their order."""
    import numpy as np

    kind = kind_of(content.dtype)
    width = min(kind.width * kind.each, 8)
    sums = [0, 0]
    for block in content.blocks(BLOCK):
        words = np.frombuffer(block, f"<u{width}").reshape(-1, kind.width * kind.each // width)
        for start in range(0, len(words), SLICE):
            for place, salt in enumerate(SALTS):
                sums[place] += int(np.add.reduce(_mixed(words[start : start + SLICE], salt)))
    return tuple(total % 2**64 for total in sums)


def _mixed(words: Any, salt: int) -> Any:
    """Return one word for each row, by the finaliser of https://prng.di.unimi.it/splitmix64.c."""
    import numpy as np

    mixed: Any = np.full(len(words), salt, "<u8")
    for column in words.T:
        mixed += column
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed ^= mixed >> np.uint64(shift)
            mixed *= np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return mixed
