"""Functions of single elements: ATen's vector code, SLEEF, MKL's vector mathematics, oneDNN for GELU."""

from collections.abc import Callable
from typing import Any

from envprint.probes.inputs import Inputs, steps
from envprint.probes.probe import Build, Run

LONG = 40_007  # beyond ATen's grain of 32768: split between threads, each part with a tail of its own
SHORT = 4_099


def unary(name: str, *, scale: int = 0, positive: bool = False) -> Build:
    """Return a build of `torch.NAME` over values up to 2 to the `scale`."""

    def build(torch: Any, x: Inputs) -> Run:
        make = x.positive if positive else x.uniform
        values = make(name, SHORT if x.dtype == "float64" else LONG, scale=scale)
        function: Callable[[Any], Any] = getattr(torch, name)
        return lambda: function(values)

    return build


def activation(name: str, **options: Any) -> Build:
    """Return a build of `torch.nn.functional.NAME`."""

    def build(torch: Any, x: Inputs) -> Run:
        values = x.uniform(name, LONG, scale=3)
        function = getattr(torch.nn.functional, name)
        return lambda: function(values, **options)

    return build


def power(torch: Any, x: Inputs) -> Run:
    """Raise positive bases to powers of both signs."""
    bases, exponents = x.positive("base", LONG, scale=2), x.uniform("exponent", LONG, scale=2)
    return lambda: torch.pow(bases, exponents)


def multiply_add(torch: Any, x: Inputs) -> Run:
    """Add a product to its negative, which was rounded: only a fused multiply-add leaves what the rounding took."""
    a, b = x.uniform("factor a", LONG), x.uniform("factor b", LONG)
    rounded = getattr(torch, x.dtype)
    c = -(a.to(rounded) * b.to(rounded)).to(x.floating)
    return lambda: torch.addcmul(c, a, b)


def denormals(torch: Any, x: Inputs) -> Run:
    """Halve numbers around the smallest normal one, without rounding: what flushes denormals gives zero."""
    del torch
    values = x.uniform("denormals", SHORT, scale=-118)
    return lambda: values * 0.5


def cast_ties(torch: Any, x: Inputs) -> Run:
    """Round to bfloat16, many of the values half way between two neighbours."""
    halfway = steps("ties", SHORT, "float16") // 2**-8 * 2**-8 + 2**-9  # one bit more than bfloat16 has
    values = torch.frombuffer(bytearray(halfway.astype("float32").tobytes()), dtype=torch.float32).to(x.device)
    return lambda: values.to(torch.float64 if x.exact else torch.bfloat16)
