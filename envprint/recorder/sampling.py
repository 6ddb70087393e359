"""Which steps are kept, and the chain that carries what lies between them."""

from collections.abc import Mapping
from typing import Any

FIRST = 64  # steps that are all kept; from there on as many of each doubling


def is_sampled(step: int) -> bool:
    """Tell whether a step, counted from 1, is kept: at the same numbers in every run, 64 of each doubling."""
    return step % (1 << max(0, step.bit_length() - FIRST.bit_length())) == 0


def chained(before: str, facts: Mapping[str, Any]) -> str:
    """Return the digest of a past and one step more."""
    import xxhash

    text = "\n".join((before, *(f"{name}={facts[name]}" for name in sorted(facts))))
    return f"xxh3-128:{xxhash.xxh3_128_hexdigest(text.encode())}"
