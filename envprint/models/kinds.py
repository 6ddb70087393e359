"""How numbers of each type lie in bytes, and what many of them are at once: their place among all, and their worth.

`raw` are the bits of numbers as unsigned integers; a complex number is two of them.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from envprint.probes.bits import LAYOUTS, Layout

ENDLESS = 1 << 64


@dataclass(frozen=True)
class Kind:
    """A type of numbers: its bytes, what the bits stand for, and where infinity and NaN begin."""

    name: str
    width: int  # bytes
    form: Literal["float", "signed", "unsigned", "opaque"]
    finite: int = ENDLESS  # the bits of the largest finite number
    largest: int = ENDLESS  # those of the largest number that is no NaN
    each: int = 1  # numbers in one element


def kind_of(dtype: str) -> Kind:
    """Return the kind of the numbers in an element; of unknown types, only that their elements have a byte each."""
    return KINDS.get(dtype) or Kind(dtype, 1, "opaque")


def _float(name: str, layout: Layout) -> Kind:
    return Kind(name, layout.width, "float", layout.infinity - 1, layout.infinity)


def _known() -> dict[str, Kind]:
    floats = [_float(name, layout) for name, layout in LAYOUTS.items() if layout.exponent]
    # https://arxiv.org/abs/2209.05433: e4m3fn has no infinity, and one NaN of either sign
    floats += [_float("float8_e5m2", Layout(1, 5, 2)), Kind("float8_e4m3fn", 1, "float", 0x7E, 0x7E)]
    signed = [Kind(f"int{8 * width}", width, "signed") for width in (1, 2, 4, 8)]
    unsigned = [Kind(f"uint{8 * width}", width, "unsigned") for width in (1, 2, 4, 8)]
    opaque = [Kind("bits16", 2, "opaque"), Kind("qint32", 4, "opaque")]
    kinds = {kind.name: kind for kind in (*floats, *signed, *unsigned, *opaque, Kind("bool", 1, "unsigned"))}
    pairs = {"complex32": "float16", "complex64": "float32", "complex128": "float64"}
    return kinds | {name: replace(kinds[part], each=2) for name, part in pairs.items()}


KINDS = _known()


def raw_of(block: memoryview, kind: Kind) -> Any:
    """Return the raw bits of the numbers in a block, where they lie."""
    import numpy as np

    return np.frombuffer(block, f"<u{kind.width}")


def places(raw: Any, kind: Kind) -> Any:
    """Return where each number stands among all of its type, as probes.bits does: 0 for zeros, negative below."""
    if kind.form == "unsigned":
        return raw
    signed = raw.view(f"<i{kind.width}")
    if kind.form == "signed":
        return signed
    sign = signed >> (8 * kind.width - 1)  # all ones below zero
    magnitude = signed & ((1 << (8 * kind.width - 1)) - 1)
    magnitude ^= sign
    magnitude -= sign
    return magnitude


def largest_place(numbers: Any) -> int:
    """Return how far from zero the farthest of these places is."""
    return max(int(numbers.max()), -int(numbers.min()))


def norm_of(raw: Any, kind: Kind) -> int:
    """Return the place of the largest finite number, without a copy where all are finite."""
    signed, top = raw.view(f"<i{kind.width}"), 1 << (8 * kind.width - 1)
    if kind.form == "signed":
        return largest_place(signed)
    if kind.form != "float":
        return int(raw.max())
    largest = max(int(signed.max()), int(raw.max()) - top)  # below zero, the bits grow with the size as above
    if largest <= kind.finite:
        return largest
    sizes = raw & (top - 1)
    return int(sizes[sizes <= kind.finite].max(initial=0))


def floats(raw: Any, name: str) -> Any:
    """Return the numbers of a type of floats, exactly, as float32 or, if they are that, float64."""
    import numpy as np

    if name == "float64":
        return raw.view("<f8")
    if name == "float32":
        return raw.view("<f4")
    if name == "bfloat16":
        return (raw.astype("<u4") << 16).view("<f4")
    if name == "float16":
        return raw.view("<f2").astype("<f4")
    if name == "float8_e5m2":
        return (raw.astype("<u2") << 8).view("<f2").astype("<f4")
    return _e4m3fn(np.arange(256, dtype="<u1"))[raw]


def _e4m3fn(raw: Any) -> Any:
    import numpy as np

    exponent, fraction = (raw >> 3 & 15).astype("<i4"), (raw & 7).astype("<f4")
    size = np.ldexp(np.where(exponent, fraction + 8, fraction), np.maximum(exponent, 1) - 10).astype("<f4")
    size[raw & 127 == 127] = np.nan  # noqa: PLR2004 - its only one
    return np.where(raw >> 7, -size, size)
