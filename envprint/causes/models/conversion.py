"""Rules about conversion: the same numbers in another order or shape, with another sign, or joined into one tensor."""

from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, SURE, Observed, Open, counted
from envprint.models.comparing import Comparison
from envprint.models.rows import begins_alike
from envprint.report import TensorDrift

CONVERTED = ("transposed", "permuted", "negated")


def see_conversion(open_: Open) -> Iterator[Observed]:
    """Yield the same numbers in another order, with axes exchanged, with another sign or in another shape."""
    converted = (*open_.of(*CONVERTED), *(each for each in open_.of("differs") if "another shape" in each.detail))
    if converted:
        first = converted[0]
        said = first.detail or first.state
        words = f"{first.name} has the same numbers, {said if first.state == 'differs' else first.state} ({said})"
        rest = (f"{counted(len(converted), 'tensor')} so",)
        yield open_.account(Observed("weight-conversion", SURE, (words, *rest), converted))
    found = open_.comparison
    for one in open_.of("missing"):
        parts = tuple(each for each in open_.of("unexpected") if _is_part(one, each, found))
        if parts:
            words = f"{one.name} of a and {parts[0].name} of b begin with the same rows, and one of them has more"
            yield open_.account(Observed("weight-conversion", LIKELY, (words,), (one, *parts)))


def _is_part(one: TensorDrift, other: TensorDrift, found: Comparison) -> bool:
    """Tell whether a matrix of one side is the beginning of one of the other."""
    a, b = found.a.contents.get(one.name), found.b.contents.get(other.name)
    return a is not None and b is not None and len(a.shape) > 1 and a.shape != b.shape and begins_alike(a, b)
