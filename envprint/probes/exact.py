"""Stand-ins for torch, numpy and math that compute without rounding, the sampled outputs alone.

A kernel that is given one says what its outputs would be; what it has not comes from the library itself, in float64.
mpmath comes with the tests: only who makes the references, or checks them, needs this file.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from envprint.probes.outputs import places

DIGITS = 50  # sums and products are exact before they are rounded to so many


class Sampled(tuple[Any, ...]):
    """The sampled outputs, and no others."""

    __slots__ = ()


class Overlay:
    """A library with some of its functions replaced."""

    def __init__(self, library: Any, functions: Mapping[str, Any]) -> None:
        self._library = library
        vars(self).update(functions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


def exact(library: Any) -> Overlay:
    """Return a library whose functions of single elements, sums and products are exact."""
    from mpmath import mp

    context = mp.clone()
    context.dps = DIGITS
    functions = {name: _by_element(context, function) for name, function in _functions(context).items()}
    sums = {"sum": _over_axis(context, sum_exactly), "mean": _over_axis(context, _mean), "fsum": context.fsum}
    product = _product(context)
    products = dict.fromkeys(("matmul", "bmm", "mv", "dot"), product)
    replaced = {**functions, **sums, **products}
    if not hasattr(library, "nn"):
        return Overlay(library, replaced)
    layers = {"gelu": _gelu(context), "linear": lambda rows, weight, bias: product(*_with_bias(rows, weight, bias))}
    functional = Overlay(library.nn.functional, layers)
    return Overlay(library, {**replaced, "nn": Overlay(library.nn, {"functional": functional})})


def _functions(mp: Any) -> dict[str, Callable[..., Any]]:
    same = ("exp", "log", "sin", "tan", "tanh", "gamma")
    return {name: getattr(mp, name) for name in same} | {
        "lgamma": mp.loggamma,
        "pow": mp.power,
        "sigmoid": lambda value: 1 / (1 + mp.exp(-value)),
        "addcmul": lambda term, a, b: term + a * b,
    }


def _by_element(mp: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes floats and gives a number, or takes arrays and gives what is sampled."""

    def call(*arguments: Any) -> Any:
        if isinstance(arguments[0], float):
            return function(*map(mp.mpf, arguments))
        columns = [_array(argument).reshape(-1) for argument in arguments]
        sampled = places(columns[0].size)
        return Sampled(function(*(mp.mpf(float(column[place])) for column in columns)) for place in sampled)

    return call


def _gelu(mp: Any) -> Callable[..., Any]:
    def by_tanh(value: Any) -> Any:
        return value / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (value + mp.mpf("0.044715") * value**3)))

    def gelu(values: Any, approximate: str = "none") -> Any:
        plain = _by_element(mp, lambda value: value / 2 * mp.erfc(-value / mp.sqrt(2)))
        return _by_element(mp, by_tanh)(values) if approximate == "tanh" else plain(values)

    return gelu


def _over_axis(mp: Any, function: Callable[[Any, list[float]], Any]) -> Callable[..., Any]:
    """Return a function that takes all of an array, or each of its rows along an axis, as torch or numpy name it."""

    def call(values: Any, *, dim: int | None = None, axis: int | None = None) -> Sampled:
        array, along = _array(values), axis if dim is None else dim
        rows = array.reshape(1, -1) if along is None else _last(array, along)
        return Sampled(function(mp, rows[place].tolist()) for place in places(len(rows)))

    return call


def sum_exactly(mp: Any, terms: list[float]) -> Any:
    """Return the sum, to twice the precision of float64."""
    high = math.fsum(terms)
    return mp.mpf(high) + math.fsum([-high, *terms])


def _mean(mp: Any, terms: list[float]) -> Any:
    return sum_exactly(mp, terms) / len(terms)


def _product(mp: Any) -> Callable[..., Sampled]:
    """Return the product of vectors, matrices, or stacks of matrices."""
    import numpy as np

    def product(a: Any, b: Any) -> Sampled:
        left, right = _array(a), _array(b)
        left = left if left.ndim > 1 else left.reshape(1, -1)
        right = right if right.ndim > 1 else right.reshape(-1, 1)
        columns = np.swapaxes(right, -1, -2)
        indices = _indices((*left.shape[:-1], right.shape[-1]))
        pairs = (((*batch, row), (*batch, column)) for *batch, row, column in indices)
        return Sampled(mp.fdot(left[row].tolist(), columns[column].tolist()) for row, column in pairs)

    return product


def _with_bias(rows: Any, weight: Any, bias: Any) -> tuple[Any, Any]:
    import numpy as np

    left, right = _array(rows), _array(weight)
    ones = np.ones((len(left), 1))
    return np.hstack([left, ones]), np.hstack([right, _array(bias).reshape(-1, 1)]).T


def _indices(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    import numpy as np

    for place in places(math.prod(shape)):
        yield tuple(int(index) for index in np.unravel_index(place, shape))


def _last(array: Any, axis: int) -> Any:
    import numpy as np

    return np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])


def _array(values: Any) -> Any:
    import numpy as np

    return np.asarray(values.detach() if hasattr(values, "detach") else values)
