"""What goes into a module and comes out: tensors in any nesting, their digest, and samples of the first of them."""

import base64
import dataclasses
import sys
import weakref
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from envprint.models.digest import digest_later, digest_tensor
from envprint.models.on_device import Later
from envprint.models.reading import Reading
from envprint.probes.bits import LAYOUTS

DEEPEST = 8


Told = str | Later[str]


def come(told: Told) -> str:
    """Return a text that has come, if it had to."""
    return told() if callable(told) else told


def nested(parts: list[Told]) -> str:
    """Return the digest of several, all of which have come."""
    import xxhash

    return f"xxh3-128-nested:{xxhash.xxh3_128_hexdigest(chr(10).join(map(come, parts)).encode())}"


class Digests:
    """Digests of tensors, each made once: what one module returns the next one is given.

    A tensor is known again by the object, as long as that lives, and by its version, which counts what was written.
    """

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, int, Told]] = {}

    def of(self, value: Any) -> str:
        """Return the digest of a value: of one tensor its own, of several and of plain values that of all of them."""
        return come(self.later(value, None))

    def later(self, value: Any, reading: Reading | None) -> Told:
        """Return the digest of a value, or of what lies on devices, which are asked for it, what gives it later."""
        parts = list(self._parts(value, reading, DEEPEST))
        if len(parts) == 1 and _is_tensor(value):
            return parts[0]
        return partial(nested, parts) if any(map(callable, parts)) else nested(parts)

    def _parts(self, value: Any, reading: Reading | None, depth: int) -> Iterator[Told]:
        if _is_tensor(value):
            yield self._of_tensor(value, reading)
        elif depth and (inner := inside(value)) is not None:
            yield type(value).__name__ if isinstance(value, (list, tuple, Mapping)) else "record"
            for key, each in inner:
                yield f"{_plain(key)}:"
                yield from self._parts(each, reading, depth - 1)
        else:
            yield repr(value) if value is None or isinstance(value, (bool, int, float, str)) else type(value).__name__

    def _of_tensor(self, tensor: Any, reading: Reading | None) -> Told:
        version = _version(tensor)
        found = self.known.get(id(tensor))
        is_known = found and found[0]() is tensor and version is not None and found[1] == version
        if found and is_known and not (reading is None and callable(found[2])):
            return found[2]
        here = reading is None or tensor.is_cpu
        digest = digest_tensor(tensor) if here else digest_later(tensor, reading)
        if version is not None:
            self.known[id(tensor)] = weakref.ref(tensor), version, digest
        return digest


def _version(tensor: Any) -> int | None:
    try:
        return int(tensor._version)  # noqa: SLF001 - https://docs.pytorch.org/docs/stable/notes/autograd.html
    except RuntimeError:  # a tensor of inference mode counts none
        return None


def _plain(value: Any) -> Any:
    """Return a plain value, and of any other the class: the text of an object may tell where in memory it is."""
    return value if value is None or type(value) in {bool, int, float, str} else type(value).__name__


def _is_tensor(value: Any) -> bool:
    """Tell whether a value is a tensor of its own; torch's first kind of nested ones has no shape, and is a list."""
    return hasattr(value, "untyped_storage") and not _is_nested(value)


def _is_nested(value: Any) -> bool:
    return bool(getattr(value, "is_nested", False)) and str(value.layout) == "torch.strided"


def inside(value: Any) -> list[tuple[Any, Any]] | None:
    """Return what a container holds, with the keys; None where it is none."""
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    if isinstance(value, Mapping):
        return list(value.items())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value)]
    return list(enumerate(value.unbind())) if _is_nested(value) else None


def tensors_in(value: Any, depth: int = DEEPEST) -> Iterator[Any]:
    """Yield the tensors in a value, nested ones as a whole."""
    if hasattr(value, "untyped_storage"):
        yield value
        return
    for _, each in (inside(value) or ()) if depth else ():
        yield from tensors_in(each, depth - 1)


def first_tensor(value: Any) -> Any:
    """Return the first tensor in a value, None where there is none."""
    return next(tensors_in(value), None)


def sample(tensor: Any, torch: Any) -> str | None:
    """Return up to 16 numbers of a tensor, at the same places in any of its size, as raw bits; None of other types."""
    from envprint.models.samples import sampled_places

    if dtype_of(tensor) not in LAYOUTS or tensor.is_meta or not is_array(tensor, torch):
        return None
    chosen = sampled_places(tensor.numel())
    index = torch.tensor(chosen, dtype=torch.int64, device=tensor.device)
    taken = torch.take(tensor.detach(), index).cpu().contiguous()
    return base64.b64encode(bytes(taken.view(torch.uint8).tolist())).decode() if chosen else ""


def dtype_of(tensor: Any) -> str:
    """Return the name of a tensor's type, as torch has it, without `torch.`."""
    return str(tensor.dtype).removeprefix("torch.")


def is_array(tensor: Any, torch: Any) -> bool:
    """Tell whether a tensor is one array of numbers: not sparse, nested, quantised, nor a wrapper, as a DTensor is."""
    plain = tensor.layout == torch.strided and not tensor.is_nested and not tensor.is_quantized
    return plain and not hasattr(tensor, "__tensor_flatten__")


def is_uninitialised(tensor: Any) -> bool:
    """Tell whether this is a tensor of a lazy module that has no shape yet."""
    return isinstance(tensor, sys.modules["torch"].nn.parameter.UninitializedTensorMixin)
