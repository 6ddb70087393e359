"""What a probe gave, as bytes: little-endian, one type, and the places that are sampled."""

import array
import ctypes
import hashlib
import itertools
import sys
from dataclasses import dataclass
from typing import Any

SAMPLES = 64
GOLDEN = 0x9E3779B1
NARROWER = {"int64": "int32"}  # indices, all of them small


@dataclass(frozen=True)
class Output:
    """All output bits of one run, and the type of one output."""

    dtype: str
    bits: bytes
    width: int

    @property
    def digest(self) -> str:
        """Return the name of the bits, with their type."""
        content = self.dtype.encode() + b":" + self.bits
        return "blake2b-128:" + hashlib.blake2b(content, digest_size=16).hexdigest()

    @property
    def samples(self) -> bytes:
        """Return the bits of the sampled outputs, one after the other."""
        starts = (place * self.width for place in places(len(self.bits) // self.width))
        return b"".join(self.bits[start : start + self.width] for start in starts)


def places(count: int) -> tuple[int, ...]:
    """Return which outputs are sampled: all of a few, else one of each of 64 stretches of equal length."""
    if count <= SAMPLES:
        return tuple(range(count))
    edges = [stretch * count // SAMPLES for stretch in range(SAMPLES + 1)]
    return tuple(
        start + (stretch * GOLDEN % 2**32) % (end - start)
        for stretch, (start, end) in enumerate(itertools.pairwise(edges))
    )


def output_of(result: Any) -> Output:
    """Return what a tensor or array, several of them, a list of floats, or bytes hold."""
    if isinstance(result, bytes):
        return Output("uint8", result, 1)
    if isinstance(result, list) and all(isinstance(value, float) for value in result):
        return _little("float64", array.array("d", result).tobytes(), 8)
    if isinstance(result, (list, tuple)):
        parts = [output_of(part) for part in result]
        return Output(parts[0].dtype, b"".join(part.bits for part in parts), parts[0].width)
    if hasattr(result, "untyped_storage"):
        return _of_tensor(result)
    return _little(str(result.dtype), result.tobytes(), result.dtype.itemsize)


def _of_tensor(tensor: Any) -> Output:
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype in NARROWER:
        tensor = tensor.to(getattr(sys.modules["torch"], NARROWER[dtype]))
        dtype = NARROWER[dtype]
    here = tensor.detach().cpu().contiguous()  # waits for the device too
    # not tensor.numpy(): a torch that was built for numpy 1 refuses numpy 2
    content = ctypes.string_at(here.data_ptr(), here.numel() * here.element_size()) if here.numel() else b""
    return _little(dtype, content, here.element_size())


def _little(dtype: str, content: bytes, width: int) -> Output:
    if sys.byteorder == "big" and width > 1:
        content = b"".join(content[start : start + width][::-1] for start in range(0, len(content), width))
    return Output(dtype, content, width)
