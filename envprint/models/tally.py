"""What one pass over two contents, side by side, says of their numbers; those in equal blocks are hardly looked at."""

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from envprint.models.kinds import Kind, floats, largest_place, norm_of, places

SLICE = 1 << 16  # numbers; what is computed from them stays in a core's cache
NOTHING = (-(1 << 16), 0.0)


@dataclass
class Tally:
    """How the numbers seen so far differ."""

    kind: Kind
    differing: int = 0  # elements
    max_ulp: int | None = 0
    opposite: bool = True  # each number is the other with its sign turned
    balance: int = 0  # the sum of all bits on one side less that of the other: 0 if they hold the same numbers
    comparable: bool = True  # no NaN or infinity stands against another number
    norm: int = 0  # the place of the largest finite number
    gap: int = 0  # the largest difference, of whole numbers
    rounded: float = 0.0  # that of floats, rounded to their type
    distance: tuple[int, float] = NOTHING  # the same, not rounded: exponent and fraction

    @property
    def relative(self) -> float | None:
        """Return max|a - b| / max(|a|, |b|), as probes.bits.relative_difference does."""
        import numpy as np

        if not self.comparable or self.kind.form == "opaque":
            return None if self.differing else 0.0
        if self.kind.form != "float":
            return self.gap / self.norm if self.gap else 0.0
        if self.distance == NOTHING:
            return 0.0
        norm = float(floats(np.array([self.norm], f"<u{self.kind.width}"), self.kind.name)[0])
        exponent, fraction = self.distance
        scale = -math.frexp(norm)[1]
        return math.ldexp(fraction, exponent + scale) / math.ldexp(norm, scale)


def tally_of(pairs: Iterable[tuple[Any, Any]], again: Callable[[], Iterable[Any]], kind: Kind) -> Tally:
    """Return how the raw bits in all pairs of arrays differ.

    `again` gives the first ones once more: they are read up to the first that differs, if any does, for the norm.
    """
    import numpy as np

    tally, skipped = Tally(kind), 0
    with np.errstate(over="ignore", invalid="ignore"):
        for a, b in pairs:
            if not equal(a, b):
                for start in range(0, len(a), SLICE):
                    _add(tally, a[start : start + SLICE], b[start : start + SLICE])
                continue
            tally.opposite = tally.opposite and not _are_signed(a, kind)
            if tally.differing:
                tally.norm = max(tally.norm, norm_of(a, kind))
            else:
                skipped += 1
    if tally.gap and tally.comparable:
        tally.norm = max(tally.norm, *(norm_of(a, kind) for a in itertools.islice(again(), skipped)), 0)
    return tally


def equal(a: Any, b: Any) -> bool:
    """Tell whether two arrays have the same bytes."""
    if a.nbytes % 8 == 0:
        a, b = a.view("<u8"), b.view("<u8")  # faster than narrower ones
    return bool((a == b).all())


def _are_signed(raw: Any, kind: Kind) -> bool:
    """Tell whether turning the signs would change any of these numbers."""
    return bool(raw.any()) and (kind.form != "float" or bool(places(raw, kind).any()))


def _add(tally: Tally, a: Any, b: Any) -> None:
    import numpy as np

    kind, unlike = tally.kind, a != b
    tally.differing += int(np.count_nonzero(unlike if kind.each == 1 else unlike.reshape(-1, kind.each).any(axis=1)))
    tally.balance += int(np.add.reduce(a, dtype=a.dtype)) - int(np.add.reduce(b, dtype=b.dtype))
    tally.balance %= 1 << (8 * kind.width)
    if kind.form == "opaque":
        tally.opposite, tally.max_ulp = False, None
        return
    left, right = places(a, kind), places(b, kind)
    if tally.opposite:
        tally.opposite = kind.form != "unsigned" and bool((left == -right).all())
    if kind.form == "float" and max(largest_place(left), largest_place(right)) > kind.finite:
        left, right, a, b = _set_aside(tally, left, right, a, b)
    gap = _count_steps(tally, left, right)
    tally.norm = max(tally.norm, largest_place(left), largest_place(right))
    if kind.form == "float" and gap:
        _measure(tally, floats(a, kind.name), floats(b, kind.name))
    tally.gap = max(tally.gap, gap)


def _count_steps(tally: Tally, left: Any, right: Any) -> int:
    import numpy as np

    gap = int((np.maximum(left, right) - np.minimum(left, right)).view(f"<u{tally.kind.width}").max())
    tally.max_ulp = None if tally.max_ulp is None else max(tally.max_ulp, gap)
    return gap


def _set_aside(tally: Tally, left: Any, right: Any, a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """Judge NaN and infinity, and return the numbers with zeros in their stead."""
    left_nan, right_nan = abs(left) > tally.kind.largest, abs(right) > tally.kind.largest
    if (left_nan != right_nan).any():
        tally.max_ulp, tally.comparable = None, False
    either = left_nan | right_nan
    left, right = _without(left, either), _without(right, either)
    _count_steps(tally, left, right)
    infinite = (abs(left) > tally.kind.finite) | (abs(right) > tally.kind.finite)
    tally.comparable &= bool((left[infinite] == right[infinite]).all())
    either |= infinite
    return _without(left, either), _without(right, either), _without(a, either), _without(b, either)


def _without(numbers: Any, some: Any) -> Any:
    rest = numbers.copy()
    rest[some] = 0
    return rest


def _measure(tally: Tally, a: Any, b: Any) -> None:
    """Find the largest of |a - b|: rounded to their type, it is among those that are largest so."""
    import numpy as np

    rounded = np.abs(a - b)
    largest = float(rounded.max())
    if largest < tally.rounded:
        return
    at = rounded == largest
    a, b = a[at].astype("<f8"), b[at].astype("<f8")
    exact = float(np.abs(a - b).max())
    half = float(np.abs(a / 2 - b / 2).max())  # the difference of the two largest numbers is beyond float64
    fraction, exponent = math.frexp(half if math.isinf(exact) else exact)
    tally.rounded = largest
    tally.distance = max(tally.distance, (exponent + math.isinf(exact), fraction))
