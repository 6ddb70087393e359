"""How far a kernel moved, in words."""

from envprint.probes.bits import LAYOUTS
from envprint.report import KernelDrift

MANY, SMALL = 10**6, 0.01


def describe(kernel: KernelDrift) -> str:
    """Return how far a kernel moved, as a person says it."""
    if not kernel.differing:
        return f"differs {kernel.reason}"
    differ = f"{kernel.differing} of {kernel.sampled} samples differ"
    relative = "" if kernel.relative is None else f", {size_of(kernel.relative)} relative"
    return f"{differ}, {'at most ' if kernel.max_ulp else ''}{distance_of(kernel)}{relative}"


def distance_of(kernel: KernelDrift) -> str:
    """Return the largest distance of two samples, as a person says it; nothing where none differs."""
    if not kernel.differing:
        return ""
    if not kernel.max_ulp:
        return "NaN on one side" if kernel.max_ulp is None else "signs of zero, or NaNs"
    number = str(kernel.max_ulp) if kernel.max_ulp < MANY else f"{kernel.max_ulp:.1e}"
    return f"{number} ULP" if _rounds(kernel.dtype) else number


def size_of(relative: float) -> str:
    """Return a relative difference as a person writes it: 5.2e-07, 0.31."""
    return f"{relative:.1e}" if relative < SMALL else f"{relative:.2g}"


def _rounds(dtype: str) -> bool:
    return dtype in LAYOUTS and bool(LAYOUTS[dtype].exponent)
