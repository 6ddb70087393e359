"""What runs beside torch: numpy with its own BLAS and vector code, and Python's math over the C library."""

import math
from collections.abc import Callable
from typing import Any

from envprint.probes.inputs import Inputs, steps
from envprint.probes.probe import Build, Run

LONG = 100_003
SHORT = 4_099


def array(x: Inputs, name: str, *shape: int, scale: int = 0) -> Any:
    """Return values between -1 and 1, times 2 to the `scale`, as a numpy array of the probe's type."""
    values = steps(name, math.prod(shape), x.dtype, scale).reshape(shape)
    return values if x.exact else values.astype(x.dtype)


def numpy_unary(name: str, *, scale: int = 2) -> Build:
    """Return a build of `numpy.NAME` over single values."""

    def build(numpy: Any, x: Inputs) -> Run:
        values = array(x, name, SHORT, scale=scale)
        function = getattr(numpy, name)
        return lambda: function(values)

    return build


def numpy_sum(numpy: Any, x: Inputs) -> Run:
    """Sum along a contiguous axis, which numpy does by pairs of blocks."""
    values = array(x, "sum", 16, 8_191)
    return lambda: numpy.sum(values, axis=1)


def numpy_dot(numpy: Any, x: Inputs) -> Run:
    """Multiply two long vectors."""
    a, b = array(x, "left", LONG), array(x, "right", LONG)
    return lambda: numpy.dot(a, b)


def numpy_matmul(numpy: Any, x: Inputs) -> Run:
    """Multiply two matrices."""
    a, b = array(x, "left", 96, 160), array(x, "right", 160, 64)
    return lambda: numpy.matmul(a, b)


UNARY: dict[str, Callable[[Any, float], float]] = {
    "exp": lambda math, value: math.exp(8 * value),
    "log": lambda math, value: math.log(abs(value) + 0.5),
    "sin": lambda math, value: math.sin(1024 * value),
    "tan": lambda math, value: math.tan(value),
    "tanh": lambda math, value: math.tanh(value),
    "pow": lambda math, value: math.pow(abs(value) + 0.5, 8 * value),
    "gamma": lambda math, value: math.gamma(4 * abs(value) + 0.5),
}


def libm(math: Any, x: Inputs) -> Run:
    """Ask Python's math, which asks the C library, for seven functions."""
    values = steps("math", 256, x.dtype).tolist()
    return lambda: [function(math, value) for function in UNARY.values() for value in values]


def python_sum(math: Any, x: Inputs) -> Run:
    """Sum with the builtin: since Python 3.12 it carries the rounding errors along."""
    rows = steps("builtin", 32 * 257, x.dtype).reshape(32, 257).tolist()
    total = math.fsum if x.exact else sum
    return lambda: [total(row) for row in rows]
