"""One row of the table of probes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from envprint.probes.inputs import Inputs

Run = Callable[[], Any]
Build = Callable[[Any, Inputs], Run]

REDUCED_BITS = 16  # a product of float32 through bfloat16 loses so many bits, through TF32 fewer


@dataclass(frozen=True)
class Probe:
    """A fixed small computation.

    `build(library, inputs)` returns what is run and timed: a call without arguments that returns one tensor, array or
    list of them. `version` names what exactly is computed: it grows with every change of the computation or its inputs.
    `cpu` and `gpu` name the layers that it feels there; no layer, no run there. `terms` is how many terms the longest
    sum before an output has: more of them explain a larger error. `by_element` measures the error in units of each
    output, not of the largest; `reducible` products may be rounded to TF32 or bfloat16 where a switch says so.
    """

    name: str
    build: Build
    dtype: str = "float32"
    library: Literal["torch", "numpy", "math", "random", "PIL.Image"] = "torch"
    cpu: tuple[str, ...] = ()
    gpu: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    terms: int = 1
    slack: float = 1.0
    by_element: bool = False
    reducible: bool = False
    referenced: bool = True
    full: bool = False
    version: int = 1

    @property
    def bound_ulp(self) -> float:
        """Return the error that rounding explains, in units in the last place.

        Errors of n roundings grow with the root of n where they are independent (Higham and Mary, "A new approach to
        probabilistic rounding error analysis", 2019); four of those deviations and a constant for the function itself.
        """
        return self.slack * 4 * (1 + math.sqrt(self.terms))

    @property
    def reduced_bound_ulp(self) -> float:
        """Return the error that products of bfloat16 or TF32 explain."""
        return self.bound_ulp * 2**REDUCED_BITS if self.reducible else self.bound_ulp
