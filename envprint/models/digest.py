"""Digests of tensors: told apart are the order of their numbers, the bits of each, the type and the shape.

The recipe `xxh3-128-tree`: the XXH3-128 of each 64 KiB of the bytes, little-endian and row by row, and of these, after
the type and shape as `float32(2, 3)`, the XXH3-128. The chunks of a tensor on a device are digested there.
"""

import ctypes
import functools
import sys
from typing import Any

import xxhash

from envprint.models.content import BLOCK, Content
from envprint.models.on_device import Later
from envprint.models.reading import Reading
from envprint.models.tensors import TensorContent
from envprint.models.xxh3 import CHUNK

BYTE = ctypes.c_ubyte
RECIPE = "xxh3-128-tree"
IS_LITTLE = sys.byteorder == "little"
ON_HOST = ("cpu", "mps")  # Apple's devices share the host's memory
INDICES = {
    "torch.sparse_coo": ("indices",),
    "torch.sparse_csr": ("crow_indices", "col_indices"),
    "torch.sparse_csc": ("ccol_indices", "row_indices"),
    "torch.sparse_bsr": ("crow_indices", "col_indices"),
    "torch.sparse_bsc": ("ccol_indices", "row_indices"),
}


def digest_of(content: Content) -> str:
    """Return the digest of content, which is that of a tensor of the same type, shape and numbers."""
    tree = xxhash.xxh3_128(_head(content.dtype, content.shape))
    for block in content.blocks(BLOCK):
        for start in range(0, len(block), CHUNK):
            tree.update(xxhash.xxh3_128_digest(block[start : start + CHUNK]))
    return f"{RECIPE}:{tree.hexdigest()}"


def digest_tensor(tensor: Any) -> str:
    """Return the digest of a tensor, which is the same on every device; ValueError where it holds no numbers.

    A tensor that consists of others, as a sparse or quantised one, has the digest of theirs.
    """
    if (digest := _digest_plain(tensor)) is not None:
        return digest
    reading = Reading()
    try:
        told = digest_later(tensor, reading, stays=True)
        reading.compute()
    except RuntimeError:
        return digest_later(tensor, None)()
    reading.start()
    reading.wait()
    return told()


def digest_later(tensor: Any, reading: Reading | None, *, stays: bool = False) -> Later[str]:
    """Ask for the digest of a tensor, and return what gives it once that has come; None copies all to the host, now.

    A tensor that `stays` is not written to until the devices compute.
    """
    if (plain := _digest_plain(tensor)) is not None:
        return lambda: plain
    if parts := _parts(tensor.detach()):
        head = f"{tensor.layout} ".encode() + _head(str(tensor.dtype), tuple(tensor.shape))
        later = {name: digest_later(part, reading, stays=stays) for name, part in parts.items()}
        return lambda: _named(head, b"".join(f"{name} {told()} ".encode() for name, told in later.items()))
    content = TensorContent(tensor)
    if reading is None or content.tensor.device.type in ON_HOST:
        digest = digest_of(content)
        return lambda: digest
    try:
        chunks = reading.digests(content, stays=stays)
    except RuntimeError:  # the device lacks an operation, or memory for it
        digest = digest_of(content)
        return lambda: digest
    head = _head(content.dtype, content.shape)
    return lambda: _named(head, chunks())  # which holds no tensor


def _named(head: bytes, parts: bytes) -> str:
    tree = xxhash.xxh3_128(head)
    tree.update(parts)
    return f"{RECIPE}:{tree.hexdigest()}"


def _digest_plain(tensor: Any) -> str | None:
    """Return the digest of a tensor whose bytes lie here as they are to be read, which most do; None of any other.

    A recording reads hundreds of them in a step, most of them small: all is done in one function.
    """
    types, strided = _plain_ones()
    if (
        type(tensor) not in types
        or not tensor.is_cpu
        or tensor.layout is not strided
        or tensor.is_quantized
        or tensor.is_nested
        or tensor.is_conj()
        or tensor.is_neg()
        or not tensor.is_contiguous()
        or tensor.untyped_storage().nbytes() < tensor.storage_offset() * tensor.element_size() + (size := tensor.nbytes)
    ):
        return None
    content = (BYTE * size).from_address(tensor.data_ptr()) if size else b""
    if 0 < size <= CHUNK:
        chunks = xxhash.xxh3_128_digest(content)
    else:
        view = memoryview(content).cast("B")
        chunks = b"".join([xxhash.xxh3_128_digest(view[start : start + CHUNK]) for start in range(0, size, CHUNK)])
    return f"{RECIPE}:{xxhash.xxh3_128_hexdigest(_head_of(tensor.dtype, tensor.shape) + chunks)}"


@functools.lru_cache(maxsize=1)
def _plain_ones() -> tuple[frozenset[type], Any]:
    import torch

    return frozenset((torch.Tensor, torch.nn.Parameter) if IS_LITTLE else ()), torch.strided


@functools.lru_cache(maxsize=4096)
def _head_of(dtype: Any, shape: Any) -> bytes:
    return _head(str(dtype).removeprefix("torch."), tuple(shape))


def _head(dtype: str, shape: tuple[int, ...]) -> bytes:
    return f"{dtype}({', '.join(map(str, shape))})".encode()


def _parts(tensor: Any) -> dict[str, Any]:
    """Return the tensors that a tensor consists of, if it does of others."""
    layout = str(tensor.layout)
    if tensor.is_nested:
        return {str(place): part for place, part in enumerate(tensor.unbind())}
    if hasattr(tensor, "__tensor_flatten__"):
        named = {name: getattr(tensor, name) for name in tensor.__tensor_flatten__()[0]}
        return {name: each for name, each in named.items() if hasattr(each, "detach")}  # a DTensor names its mesh too
    if layout in INDICES:
        whole = tensor.coalesce() if tensor.is_sparse else tensor
        return {name: getattr(whole, name)() for name in (*INDICES[layout], "values")}
    if layout == "torch._mkldnn":
        return {"dense": tensor.to_dense()}
    return _quantised_parts(tensor) if tensor.is_quantized else {}


def _quantised_parts(tensor: Any) -> dict[str, Any]:
    import torch

    if tensor.qscheme() in {torch.per_tensor_affine, torch.per_tensor_symmetric}:
        scales = torch.tensor(tensor.q_scale(), dtype=torch.float64)
        zeros = torch.tensor(tensor.q_zero_point())
    else:
        scales, zeros = tensor.q_per_channel_scales(), tensor.q_per_channel_zero_points()
        zeros = torch.cat([zeros.flatten(), zeros.new_tensor([tensor.q_per_channel_axis()])])
    return {"numbers": tensor.int_repr(), "scales": scales, "zero points": zeros}
