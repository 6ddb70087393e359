"""numpy's names in pickles: a scalar becomes a number, an array keeps its bytes."""

import struct
from collections.abc import Callable
from typing import Any

from envprint.models.files.symbols import Instance

ARRAY, TYPE = "numpy.ndarray", "numpy.dtype"
FORMS = {"b1": "?", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q", "f2": "e",
         "f4": "f", "f8": "d"}  # fmt: skip
ORDERS = {"<": "<", ">": ">", "|": "<", "=": "<"}


def type_name(kind: Any) -> Any:
    """Return a type as numpy writes it, `<f8`; what has fields or a unit stays what it is."""
    if type(kind) is not Instance or kind.name != TYPE or type(kind.state) is not tuple:
        return kind
    _, order, _, fields, *_ = kind.state
    name = kind.arguments[0] if kind.arguments else None
    return kind if name not in FORMS or fields is not None or order not in ORDERS else f"{order}{name}"


def array_state(state: Any) -> tuple[Any, Any]:
    """Return type, shape and order of an array, and its bytes."""
    if type(state) is not tuple or len(state) != len(("version", "shape", "type", "fortran", "content")):
        return (), state
    _, shape, kind, by_columns, content = state
    return (type_name(kind), shape, "F" if by_columns is True else "C"), content


def _scalar(kind: Any, content: Any = None) -> Any:
    name = type_name(kind)
    form = ORDERS[name[0]] + FORMS[name[1:]] if type(name) is str else None
    if form and type(content) is bytes and len(content) == struct.calcsize(form):
        return struct.unpack(form, content)[0]
    return Instance("numpy.generic", (name, content))


def _reconstructed(_kind: Any, _shape: Any, _code: Any) -> Instance:
    return Instance(ARRAY, ())


def _from_buffer(content: Any, kind: Any, shape: Any, order: Any, *_axes: Any) -> Instance:
    return Instance(ARRAY, (type_name(kind), shape, order, *_axes), content)


NUMPY: dict[str, Callable[..., Any]] = {
    "numpy._core.multiarray.scalar": _scalar,
    "numpy._core.multiarray._reconstruct": _reconstructed,
    "numpy._core.numeric._frombuffer": _from_buffer,
}
