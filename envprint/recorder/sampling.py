"""Which steps are kept, and the chain that carries what lies between them."""

from collections.abc import Mapping
from typing import Any

FIRST = 64  # steps that are all kept; from there on as many of each doubling
READ_WHOLE = 8  # of each doubling, steps at which all weights are read


def is_sampled(step: int) -> bool:
    """Tell whether a step, counted from 1, is kept: at the same numbers in every run, 64 of each doubling."""
    return _is_one_of(step, FIRST)


def is_read_whole(step: int) -> bool:
    """Tell whether weights, gradients and the optimizer's memory are read too: the first 64, then 8 a doubling."""
    return step <= FIRST or _is_one_of(step, READ_WHOLE)


def _is_one_of(step: int, of_a_doubling: int) -> bool:
    stride = max(1, 1 << max(0, step.bit_length() - of_a_doubling.bit_length()))
    return step % stride == 0


def chained(before: str, facts: Mapping[str, Any]) -> str:
    """Return the digest of a past and one step more."""
    import xxhash

    text = "\n".join((before, *(f"{name}={facts[name]}" for name in sorted(facts))))
    return f"xxh3-128:{xxhash.xxh3_128_hexdigest(text.encode())}"
