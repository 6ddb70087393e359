"""The numbers of a tensor in memory, on whichever device, as content that is read a block at a time."""

import ctypes
import sys
from collections.abc import Iterator
from typing import Any

from envprint.models.content import BLOCK

FETCH = 1 << 22  # bytes; what is copied from a device at once


class TensorContent:
    """The numbers of one strided tensor; ValueError where it has none in memory: meta, fake, freed, sparse, wrapped.

    Numbers that lie row by row on the host are not copied.
    """

    def __init__(self, tensor: Any) -> None:
        self.tensor = _readable(tensor)
        self.dtype = str(tensor.dtype).removeprefix("torch.")
        self.shape = tuple(tensor.shape)
        self.place = _place(self.tensor)

    def blocks(self, size: int = BLOCK) -> Iterator[memoryview]:
        """Yield the bytes, little-endian and row by row, `size` at a time; the last block may be shorter."""
        here = self.tensor.device.type == "cpu"
        if here and _dense(self.tensor) and sys.byteorder == "little":
            yield from _split(memory(self.tensor), size)
            return
        fetch = size * max(1, FETCH // size)
        for run in runs(self.tensor, fetch // self.tensor.element_size()):
            yield from _split(memory(_little(run.cpu())), size)

    def permuted(self, axes: tuple[int, ...]) -> "TensorContent":
        """Return the same numbers with their axes in another order, as torch.permute does."""
        return TensorContent(self.tensor.permute(axes))


def runs(tensor: Any, count: int) -> Iterator[Any]:
    """Yield the numbers row by row, `count` at a time, as flat tensors on their device.

    They are views where the numbers lie row by row, else one buffer that is filled anew each time.
    """
    total = tensor.numel()
    if _dense(tensor):
        flat = tensor.reshape(-1)
        yield from (flat[start : start + count] for start in range(0, total, count))
        return
    buffer = tensor.new_empty(min(count, total))
    for start in range(0, total, count):
        filled = 0
        for part in _parts(tensor, start, min(start + count, total)):
            # the clone keeps the order of the axes: its copy is fast, and the next turns what a cache holds
            buffer[filled : filled + part.numel()].view(part.shape).copy_(part.clone())
            filled += part.numel()
        yield buffer[:filled]


def memory(tensor: Any) -> memoryview:
    """Return the bytes of a tensor on the host whose numbers lie row by row; valid as long as the tensor is."""
    size = tensor.numel() * tensor.element_size()
    # not tensor.numpy(): it has no bfloat16, and a torch that was built for numpy 1 refuses numpy 2
    return memoryview((ctypes.c_ubyte * size).from_address(tensor.data_ptr() if size else 0)).cast("B")


def _readable(tensor: Any) -> Any:
    import torch

    strided = str(tensor.layout) == "torch.strided" and not tensor.is_nested and not tensor.is_quantized
    if not strided or hasattr(tensor, "__tensor_flatten__"):
        raise ValueError(f"a {type(tensor).__name__} of layout {tensor.layout} is no single array of numbers")
    plain = tensor.detach().as_subclass(torch.Tensor)
    storage = tensor.untyped_storage()
    if storage.device.type == "meta":  # a FakeTensor says that it is elsewhere
        raise ValueError("a tensor on the meta device holds no numbers")
    if storage.nbytes() < _end(plain):  # sharding frees a storage and leaves the tensor
        raise ValueError("the storage of the tensor was freed")
    return plain


def _end(tensor: Any) -> int:
    """Return how many bytes of its storage a tensor reaches over."""
    if not tensor.numel():
        return 0
    steps = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return int((tensor.storage_offset() + steps + 1) * tensor.element_size())


def _place(tensor: Any) -> str:
    start = tensor.storage_offset() * tensor.element_size()
    view = "" if tensor.is_contiguous() else f" strides {tensor.stride()}"
    signs = " conjugated" * tensor.is_conj() + " negated" * tensor.is_neg()
    return f"{tensor.device}:{tensor.untyped_storage().data_ptr()}+{start}{view}{signs}"


def _dense(tensor: Any) -> bool:
    """Tell whether the numbers lie row by row, as they are: a conjugated view holds the signs of others."""
    return tensor.is_contiguous() and not tensor.is_conj() and not tensor.is_neg()


def _parts(tensor: Any, start: int, stop: int) -> Iterator[Any]:
    """Yield the views, at most two for each axis, that together are the numbers from `start` to `stop`, row by row."""
    if stop - start == tensor.numel():
        yield tensor
        return
    row = tensor[0].numel()
    first, last = -(-start // row), stop // row
    if first > last:  # all within one row
        yield from _parts(tensor[last], start - last * row, stop - last * row)
        return
    if start % row:
        yield from _parts(tensor[first - 1], start % row, row)
    if first < last:
        yield tensor[first:last]
    if stop % row:
        yield from _parts(tensor[last], 0, stop % row)


def _little(tensor: Any) -> Any:
    if sys.byteorder == "little":
        return tensor
    width = tensor.element_size() // (2 if tensor.is_complex() else 1)
    content = tensor.view(sys.modules["torch"].uint8)
    return content.reshape(-1, width).flip(1).reshape(-1)


def _split(content: memoryview, size: int) -> Iterator[memoryview]:
    return (content[start : start + size] for start in range(0, len(content), size))
