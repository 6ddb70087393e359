"""What the functions and classes that a pickle names would give: plain data for some, symbols for all others."""

from collections.abc import Callable
from typing import Any

from envprint.models.files.dtypes import STORAGES
from envprint.models.files.numpy_names import ARRAY, NUMPY, array_state
from envprint.models.files.plain_names import PLAIN
from envprint.models.files.symbols import Draft, Global, Instance, Storage, Unsound
from envprint.models.files.torch_names import TORCH

CALLS: dict[str, Callable[..., Any]] = {**PLAIN, **NUMPY, **TORCH}
UNKNOWN = "what another object gives"
TYPE_THEN_ARGUMENTS = {"torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type"}


def called(function: Any, arguments: Any) -> Any:
    """Return what a call, or a new object of a class, stands for."""
    if type(arguments) is not tuple:
        raise Unsound("it calls with other than a tuple of arguments")
    if type(function) is not Global:
        return Instance(UNKNOWN, (function, *arguments))
    if function.name in TYPE_THEN_ARGUMENTS:
        return _of_type(*arguments)
    known = CALLS.get(function.name)
    return known(*arguments) if known else Instance(function.name, arguments)


def _of_type(function: Any, kind: Any, arguments: Any, state: Any) -> Any:
    """Return a tensor of a subclass as a tensor, where the numbers are its own; else what there is of it."""
    found = called(function, arguments)
    if type(found) is Draft:
        return found
    return Instance(kind.name if type(kind) is Global else UNKNOWN, (found,), state)


def build(target: Any, state: Any) -> None:
    """Give an object its state; that of an OrderedDict, as torch's state_dict has it, is left out."""
    if type(target) is Instance:
        if target.name == ARRAY:
            target.arguments, target.state = array_state(state)
        else:
            target.state = state
    elif type(target) not in {dict, list, set, Draft}:
        raise Unsound(f"it gives a state to a {type(target).__name__}")


def loaded(name: Any) -> Any:
    """Return what lies outside the pickle under a persistent id: a storage, or a class with its source."""
    if type(name) is not tuple or not name:
        raise Unsound("a persistent id of it is no tuple")
    kind, *rest = name
    if (
        kind == "module" and rest
    ):  # https://github.com/pytorch/pytorch/blob/v2.13.0/torch/serialization.py, _legacy_save
        return rest[0]
    if kind != "storage":
        raise Unsound(f"a persistent id of it is of a {kind!r:.60}")
    return _storage(*rest)


def _storage(kind: Any, key: Any, _location: Any, count: Any, part: Any = None) -> Storage:
    """Return a storage; a part of one, as torch wrote before 0.4, is (key, first number, numbers)."""
    if type(kind) is not Global or type(count) is not int or count < 0 or not isinstance(key, str | int):
        raise Unsound("a storage of it is not described as torch does")
    found = Storage(kind.name, str(key), count)
    if found.name not in STORAGES:
        raise Unsound(f"a storage of it is a {kind.name}")
    if part is None:
        return found
    _, first, length = part
    if not 0 <= first <= first + length <= count:
        raise Unsound("a part of a storage of it is none")
    return Storage(kind.name, str(key), length, first)
