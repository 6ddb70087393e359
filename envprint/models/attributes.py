"""What a module is beside its tensors: the plain attributes that no state_dict holds, as values of JSON."""

import argparse
import dataclasses
import math
import re
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any, TypeAlias

from envprint.manifest.gaps import readable
from envprint.manifest.secrets import MASK, SENSITIVE_NAME, mask

Digest: TypeAlias = Callable[[Any], str]

MOST_ITEMS = 64  # of a list or a mapping; a longer one is told by its length
DEEPEST = 3
LONGEST = 200  # characters
# what torch.nn.Module keeps of its own, beside what begins with an underscore
OWN = frozenset({"training", "call_super_init", "dump_patches", "T_destination"})
SENSITIVE = re.compile(rf"(?i)(?:.*[^a-z])?{SENSITIVE_NAME}")
MARKS = ("<", "[")  # begin a tokenizer's pad_token, which is no secret


def attributes_of(module: Any, digest: Digest) -> dict[str, Any]:
    """Return the public attributes of a module that are no parameter, buffer or module; tensors as their digests."""
    return _public(vars(module), digest, leave=OWN)


def _public(found: Mapping[Any, Any], digest: Digest, *, leave: frozenset[str] = frozenset()) -> dict[str, Any]:
    names = {readable(str(name)): name for name in found}
    public = sorted(name for name in names if not name.startswith("_") and name not in leave)
    return {name: _value(name, found[names[name]], digest) for name in public}


def _value(name: str, value: Any, digest: Digest, depth: int = 0) -> Any:
    """Return the value that goes by a name: none of secrets, and the class of what cannot be looked at."""
    if isinstance(value, str) and SENSITIVE.fullmatch(name) and not value.startswith(MARKS):
        return MASK
    try:
        return plain_value(value, digest, depth)
    except Exception:  # noqa: BLE001 - an object of somebody else's may raise anything when it is looked at
        return f"<{type(value).__module__}.{type(value).__qualname__}>"


def plain_value(value: Any, digest: Digest, depth: int = 0) -> Any:
    """Return a value as JSON has it; of what it has no word for, the class."""
    if isinstance(value, Enum):
        return f"{named(type(value))}.{value.name}"
    if value is None or isinstance(value, (bool, int, float, str)):
        return _scalar(value)
    if hasattr(value, "untyped_storage"):
        return digest(value)
    if hasattr(value, "__array_interface__"):  # of numpy
        return plain_value(value.item(), digest, depth) if not value.shape else digest(_tensor(value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return _items(value, digest, depth)
    found = fields_of(value)
    return named(value) if found is None else _entries(found, digest, depth)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return mask(readable(value))[:LONGEST]
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else str(value)  # NaN, infinity and larger numbers: JSON has none
    return float(value) if math.isfinite(value) else str(value)


def _tensor(array: Any) -> Any:
    return sys.modules["torch"].tensor(array)


def fields_of(value: Any) -> Mapping[Any, Any] | None:
    """Return what a mapping, a dataclass or a namespace holds; None of any other object."""
    if isinstance(value, Mapping):
        return value
    is_record = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return vars(value) if is_record or isinstance(value, (SimpleNamespace, argparse.Namespace)) else None


def named(value: Any) -> str:
    """Return the name of a function, a class or a constant of torch, and of any other object that of its class."""
    if isinstance(value, MethodType):
        return named(value.__func__)
    if isinstance(value, (FunctionType, type)) or type(value).__name__ == "builtin_function_or_method":
        return f"{value.__module__}.{value.__qualname__}"
    has_text = vars(object)["__repr__"] is not type(value).__repr__  # object's tells where in memory a value is
    if type(value).__module__ == "torch" and has_text:  # torch.float32, torch.device, torch.contiguous_format
        return str(value)
    return f"<{type(value).__module__}.{type(value).__qualname__}>"


def _items(values: Any, digest: Digest, depth: int) -> Any:
    if len(values) > MOST_ITEMS or depth >= DEEPEST:
        return _long(values)
    found = [plain_value(value, digest, depth + 1) for value in values]
    return sorted(found, key=str) if isinstance(values, (set, frozenset)) else found


def _entries(values: Mapping[Any, Any], digest: Digest, depth: int) -> Any:
    if len(values) > MOST_ITEMS or depth >= DEEPEST:
        return _long(values)
    named_so = ((readable(str(name)), value) for name, value in values.items())
    return {name: _value(name, value, digest, depth + 1) for name, value in named_so}


def _long(values: Any) -> str:
    return f"<{type(values).__name__} of {len(values)}>"


def configuration_of(model: Any, digest: Digest) -> dict[str, Any]:
    """Return what a model's `config` says, as models of transformers and diffusers have one; nothing without."""
    config = own(model, "config")
    found = vars(config) if hasattr(config, "to_dict") and hasattr(config, "__dict__") else fields_of(config)
    return {} if found is None else {f"config.{name}": value for name, value in _public(found, digest).items()}


def own(model: Any, name: str) -> Any:
    """Return an attribute of a model, None where it has none, or raises when it is asked for it."""
    try:
        return getattr(model, name, None)
    except Exception:  # noqa: BLE001 - a property runs code of somebody else's
        return None
