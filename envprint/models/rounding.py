"""Numbers of one type as rounded to another: what becomes of a model that is saved in half the bytes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from envprint.models.content import BLOCK, Content
from envprint.models.kinds import Kind, floats, kind_of, places, raw_of
from envprint.models.tally import Tally, equal, tally_of

FLOATS = ("bfloat16", "float16", "float32", "float64")  # by their fraction; a wider type holds all but float16's
WHOLE = ("bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64")  # int64 holds them all
NUMBERS = BLOCK // 8  # in a block


def meeting_types(a: Kind, b: Kind) -> tuple[str, ...]:
    """Return the types in which numbers of two types can be compared, the narrower of them first; none of the rest."""
    if a.each == b.each and a.name in FLOATS and b.name in FLOATS:
        narrow, wide = sorted((a.name, b.name), key=FLOATS.index)
        return (narrow, wide) if (narrow, wide) == FLOATS[:2] else (narrow,)
    return ("int64",) if a.name in WHOLE and b.name in WHOLE else ()


def tally_in(target: str, a: Content, b: Content) -> Tally:
    """Return how the numbers of two contents differ, once those of another type are rounded to that type."""
    left, right = kind_of(a.dtype), kind_of(b.dtype)

    def pairs() -> Iterator[tuple[Any, Any]]:
        for x, y in _pairs(a, b):
            yield (
                _seen(x, left.name, target, like=y, other=right.name),
                _seen(y, right.name, target, like=x, other=left.name),
            )

    return tally_of(pairs(), lambda: (x for x, _ in pairs()), replace(kind_of(target), each=left.each))


def rounding_between(a: Content, b: Content) -> str:
    """Return the words for it where one of two contents of one type is the other rounded to a narrower; else none."""
    kind = kind_of(a.dtype)
    narrower = FLOATS[: FLOATS.index(kind.name)] if kind.name in FLOATS[2:] else ()
    found = [(first, name) for name in reversed(narrower) for first in (True, False)]
    pairs = _pairs(a, b) if found else iter(())
    for x, y in pairs:
        found = [(first, name) for first, name in found if _is_rounded(*((x, y) if first else (y, x)), kind.name, name)]
        if not found:
            return ""
    return next((f"b is a rounded to {name}" if first else f"a is b rounded to {name}" for first, name in found), "")


def rounded(raw: Any, source: str, target: str) -> Any:
    """Return the raw bits of floats in another type, rounded to nearest even as torch does: by way of float32."""
    import numpy as np

    if source == target:
        return raw
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        numbers = floats(raw, source)
        if target == "float64":
            return numbers.astype("<f8").view("<u8")
        single = numbers.astype("<f4")
        if target == "float32":
            return single.view("<u4")
        return single.astype("<f2").view("<u2") if target == "float16" else _to_bfloat16(single.view("<u4"))


def _to_bfloat16(raw: Any) -> Any:
    import numpy as np

    nearest = raw + (0x7FFF + (raw >> 16 & 1))
    nan = raw & 0x7FFFFFFF > 0x7F800000  # noqa: PLR2004 - the bits of infinity
    return (np.where(nan, raw | 0x400000, nearest) >> 16).astype("<u2")


def _seen(raw: Any, source: str, target: str, *, like: Any, other: str) -> Any:
    """Return the raw bits of numbers in another type, in favour of what the other side has where ways differ."""
    if target not in FLOATS:
        signs = "<i" if source.startswith("int") else "<u"
        return raw.view(f"{signs}{raw.itemsize}").astype("<i8").view("<u8")
    if source == target:
        return raw
    return _in_favour(raw, source, target, rounded(like, other, target))


def _in_favour(raw: Any, source: str, target: str, like: Any) -> Any:
    """Return rounded numbers; any NaN is any other, and numpy rounds float64 to float16 at once."""
    import numpy as np

    kind, result = kind_of(target), rounded(raw, source, target)
    nan = abs(places(result, kind)) > kind.largest
    if nan.any():
        result = np.where(nan & (abs(places(like, kind)) > kind.largest), like, result)
    if (source, target) == ("float64", "float16"):
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            at_once = floats(raw, source).astype("<f2").view("<u2")
        result = np.where(at_once == like, at_once, result)
    return result


def _is_rounded(wide: Any, seen: Any, source: str, target: str) -> bool:
    """Tell whether the second numbers are the first ones, rounded and widened again."""
    narrow = rounded(seen, source, target)
    return equal(_in_favour(narrow, target, source, seen), seen) and equal(
        _in_favour(wide, source, target, narrow), narrow
    )


def _pairs(a: Content, b: Content) -> Iterator[tuple[Any, Any]]:
    left, right = kind_of(a.dtype), kind_of(b.dtype)
    blocks = zip(a.blocks(NUMBERS * left.width), b.blocks(NUMBERS * right.width), strict=True)
    return ((raw_of(x, left), raw_of(y, right)) for x, y in blocks)
