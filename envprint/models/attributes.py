"""What a module is beside its tensors: the plain attributes that no state_dict holds, as values of JSON."""

import math
from collections.abc import Callable, Mapping
from types import FunctionType, MethodType
from typing import Any

from envprint.manifest.gaps import readable
from envprint.manifest.secrets import mask

MOST_ITEMS = 64  # of a list or a mapping; a longer one is told by its length
DEEPEST = 3
LONGEST = 200  # characters
# what torch.nn.Module keeps of its own, beside what begins with an underscore
OWN = frozenset({"training", "call_super_init", "dump_patches", "T_destination"})


def attributes_of(module: Any, digest: Callable[[Any], str]) -> dict[str, Any]:
    """Return the public attributes of a module that are no parameter, buffer or module; tensors as their digests."""
    found = {name: value for name, value in vars(module).items() if not name.startswith("_") and name not in OWN}
    return {readable(str(name)): plain_value(value, digest) for name, value in sorted(found.items())}


def plain_value(value: Any, digest: Callable[[Any], str], depth: int = 0) -> Any:
    """Return a value as JSON has it; of what it has no word for, the class."""
    if value is None or isinstance(value, (bool, str)):
        return mask(readable(value))[:LONGEST] if isinstance(value, str) else value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)  # NaN, infinity and larger numbers: JSON has none
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if hasattr(value, "untyped_storage"):
        return digest(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _items(sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value, digest, depth)
    if isinstance(value, Mapping):
        return _entries(value, digest, depth)
    return named(value)


def named(value: Any) -> str:
    """Return the name of a function, a class or a constant of torch, and of any other object that of its class."""
    if isinstance(value, MethodType):
        return named(value.__func__)
    if isinstance(value, (FunctionType, type)) or type(value).__name__ == "builtin_function_or_method":
        return f"{value.__module__}.{value.__qualname__}"
    if type(value).__module__ == "torch":  # torch.float32, torch.device, torch.contiguous_format
        return str(value)
    return f"<{type(value).__module__}.{type(value).__qualname__}>"


def _items(values: Any, digest: Callable[[Any], str], depth: int) -> Any:
    if len(values) > MOST_ITEMS or depth >= DEEPEST:
        return f"<{type(values).__name__} of {len(values)}>"
    return [plain_value(value, digest, depth + 1) for value in values]


def _entries(values: Mapping[Any, Any], digest: Callable[[Any], str], depth: int) -> Any:
    if len(values) > MOST_ITEMS or depth >= DEEPEST:
        return f"<{type(values).__name__} of {len(values)}>"
    return {readable(str(name)): plain_value(value, digest, depth + 1) for name, value in values.items()}


def configuration_of(model: Any, digest: Callable[[Any], str]) -> dict[str, Any]:
    """Return what a model's `config` says, as models of transformers and diffusers have one; nothing without."""
    config = getattr(model, "config", None)
    found = vars(config) if hasattr(config, "to_dict") and hasattr(config, "__dict__") else config
    if not isinstance(found, Mapping):
        return {}
    public = {name: value for name, value in found.items() if not str(name).startswith("_")}
    return {f"config.{name}": plain_value(value, digest) for name, value in sorted(public.items())}
