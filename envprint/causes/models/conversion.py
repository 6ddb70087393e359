"""Rules about conversion: the same numbers in another order or shape, with another sign, or joined into one tensor."""

from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, SURE, Observed, Open, counted, verb
from envprint.models.content import Content
from envprint.models.rows import begins_alike
from envprint.report import TensorDrift

HEAD = 64  # bytes
CONVERTED = {"transposed": "with axes exchanged", "permuted": "in another order", "negated": "with another sign"}


def see_conversion(open_: Open) -> Iterator[Observed]:
    """Yield the same numbers in another order, with axes exchanged, with another sign or in another shape."""
    converted = (*open_.of(*CONVERTED), *(each for each in open_.of("differs") if "another shape" in each.detail))
    if converted:
        first = converted[0]
        how = CONVERTED.get(first.state, "in another shape")
        said = f" ({first.detail})" if first.detail and first.state in CONVERTED else ""
        words = f"{first.name} has the same numbers {how}{said}"
        rest = f"{counted(len(converted), 'tensor')} {verb(converted, 'is', 'are')} like that"
        yield open_.account(Observed("weight-conversion", SURE, (words, rest), converted))
    for one, other in _joined(open_):
        words = f"{one.name} of a and {other.name} of b begin with the same rows, and one of them has more"
        yield open_.account(Observed("weight-conversion", LIKELY, (words,), (one, other)))


def _joined(open_: Open) -> Iterator[tuple[TensorDrift, TensorDrift]]:
    """Yield matrices of a and b, of other names, of which one begins with all rows of the other."""
    found = open_.comparison
    by_head = {_head(found.b.contents.get(each.name)): each for each in open_.of("unexpected")}
    for one in open_.of("missing"):
        a = found.a.contents.get(one.name)
        other = by_head.get(_head(a)) if _head(a) else None
        b = found.b.contents.get(other.name) if other is not None else None
        if other is not None and a is not None and b is not None and a.shape != b.shape and begins_alike(a, b):
            yield one, other


def _head(content: Content | None) -> bytes:
    """Return the first numbers of a matrix; nothing where they are all zero, or it has not as many."""
    if content is None or len(content.shape) < 2:  # noqa: PLR2004 - a matrix
        return b""
    head = bytes(next(iter(content.blocks(HEAD)), b""))
    return head if len(head) == HEAD and any(head) else b""
