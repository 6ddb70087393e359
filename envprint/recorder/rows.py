"""A number for each row of a tensor: what the row holds decides it, not where it stands."""

import ctypes
import functools
import sys
from collections.abc import Sequence
from typing import Any

import xxhash

SHORT = 4096  # bytes of a row up to which all rows of a tensor are read at once
COPIED = 4096  # bytes of a tensor that are copied, and read with those of other steps: numpy is slow to start
MULTIPLIER = 0x9E3779B97F4A7C15  # the golden ratio's
BYTE = ctypes.c_ubyte
FEW = 64  # whole numbers, as the classes of a batch, that are quicker told than their memory is found


def read_rows(tensor: Any) -> Any:
    """Read a tensor, and return what `numbers_of` makes a number of 64 bits for each of its rows of.

    ValueError where it holds no numbers.
    """
    rows = here(tensor)
    count, size = rows.shape[0], rows.nbytes
    content = (BYTE * size).from_address(rows.data_ptr()) if size else b""
    if size > count * SHORT:
        return _read_in_turn(memoryview(content).cast("B"), size // count)
    return bytes(content) if size <= COPIED else _read_at_once(content, count)


def numbers_of(alike: Sequence[Any], count: int) -> Any:
    """Return the numbers of the rows of tensors, of so many rows each, all of which were read in the same way.

    An array of numpy's, with a row for each tensor.
    """
    import numpy as np

    if type(alike[0]) is bytes:
        return _read_at_once(b"".join(alike), len(alike) * count).reshape(-1, count)
    return np.array(alike, np.uint64)


def content_of(tensor: Any) -> bytes:
    """Return a few whole numbers as they are, else the digest of a tensor's bytes; ValueError where it holds none.

    Nothing where it has no elements.
    """
    if tensor.numel() <= FEW and tensor.is_cpu and not tensor.is_floating_point():
        return repr(tensor.tolist()).encode()
    size = (tensor := here(tensor)).nbytes
    return xxhash.xxh3_128_digest((BYTE * size).from_address(tensor.data_ptr())) if size else b""


def here(tensor: Any) -> Any:
    """Return a tensor whose numbers lie in one piece in this machine's memory: itself where they do.

    ValueError where it has none, as a fake one.
    """
    torch = sys.modules["torch"]
    if type(tensor) is not torch.Tensor and tensor.untyped_storage().device.type == "meta":
        raise ValueError("a tensor of a batch holds no numbers")
    strided = tensor.is_cpu and tensor.layout is torch.strided
    if strided and not tensor.dtype.is_complex and not tensor.is_neg() and tensor.is_contiguous():
        return tensor
    return tensor.detach().cpu().resolve_conj().resolve_neg().to_dense().contiguous()


def _read_at_once(content: Any, count: int) -> Any:
    """Return the numbers of short rows: numpy's integers wrap, and it starts no threads."""
    import numpy as np

    if not content:
        return np.zeros(count, np.uint64)
    rows = np.frombuffer(content, np.uint8).reshape(count, -1)
    if rest := -rows.shape[1] % 8:
        rows = np.pad(rows, ((0, 0), (0, rest)))
    words = rows.view(np.uint64) * np.uint64(MULTIPLIER)  # else the signs of two numbers in a word undo each other
    return _mixed(((words ^ (words >> np.uint64(32))) * _weights(words.shape[1])).sum(axis=1, dtype=np.uint64))


def _read_in_turn(content: memoryview, size: int) -> list[int]:
    digest = xxhash.xxh3_64_intdigest
    return [digest(content[start : start + size]) for start in range(0, len(content), size)]


@functools.lru_cache(maxsize=64)
def _weights(count: int) -> Any:
    """Return odd numbers of 64 bits, the same in every run."""
    import numpy as np

    return _mixed(np.arange(1, count + 1, dtype=np.uint64)) | np.uint64(1)


def _mixed(numbers: Any) -> Any:
    """Return numbers of which each bit depends on many of those that came in."""
    import numpy as np

    numbers = numbers * np.uint64(MULTIPLIER)
    numbers = (numbers ^ (numbers >> np.uint64(29))) * np.uint64(MULTIPLIER)
    return numbers ^ (numbers >> np.uint64(32))


def totals_of(columns: list[Any]) -> list[int]:
    """Return the sums over all samples of several batches, each sample a row of every tensor, each batch a row here."""
    samples = columns[0]
    for column in columns[1:]:
        samples = _mixed(samples) + column
    totals: list[int] = _mixed(samples).sum(axis=1).tolist()
    return totals
