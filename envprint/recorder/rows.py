"""A number for each row of a tensor: what the row holds decides it, not where it stands."""

import ctypes
import functools
import sys
from typing import Any

SHORT = 4096  # bytes of a row up to which all rows of a tensor are read at once
MULTIPLIER = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed number, the golden ratio's
MASK = (1 << 64) - 1


def digest_rows(tensor: Any) -> Any:
    """Return a number of 64 bits for each row of a tensor, as a tensor in this machine's memory."""
    torch = sys.modules["torch"]
    rows = tensor.detach().cpu().resolve_conj().resolve_neg().to_dense().reshape(len(tensor), -1).contiguous()
    if rows.numel() == 0:
        return torch.zeros(len(tensor), dtype=torch.int64)
    rows = rows.view(torch.uint8)
    return _read_at_once(rows, torch) if rows.shape[1] <= SHORT else _read_in_turn(rows, torch)


def content_of(tensor: Any) -> Any:
    """Return the bytes of a tensor, which are its own where it lies in one piece in this machine's memory."""
    if tensor.device.type != "cpu" or tensor.dtype.is_complex or not tensor.is_contiguous():
        tensor = tensor.detach().cpu().resolve_conj().to_dense().contiguous()
    size = tensor.numel() * tensor.element_size()
    return ctypes.string_at(tensor.data_ptr(), size) if size <= SHORT else _View(tensor, size).content


class _View:
    """The bytes of a tensor, which lives as long as they are read."""

    def __init__(self, tensor: Any, size: int) -> None:
        self.tensor = tensor
        self.content = (ctypes.c_char * size).from_address(tensor.data_ptr())
        self.content.owner = tensor  # type: ignore[attr-defined]  # ctypes keeps attributes


def _read_at_once(rows: Any, torch: Any) -> Any:
    if rest := -rows.shape[1] % 8:
        rows = torch.nn.functional.pad(rows, (0, rest))
    words = rows.view(torch.int64)
    return _mixed(((words ^ (words >> 32)) * _weights(words.shape[1])).sum(dim=1))


def _read_in_turn(rows: Any, torch: Any) -> Any:
    import xxhash

    size = rows.shape[1]
    content = memoryview((ctypes.c_char * rows.numel()).from_address(rows.data_ptr())).cast("B")
    digests = (xxhash.xxh3_64_intdigest(content[place : place + size]) for place in range(0, rows.numel(), size))
    return torch.tensor([each - (1 << 64) if each >> 63 else each for each in digests], dtype=torch.int64)


@functools.lru_cache(maxsize=64)
def _weights(count: int) -> Any:
    """Return odd numbers of 64 bits, the same in every run."""
    torch = sys.modules["torch"]
    return _mixed(torch.arange(1, count + 1, dtype=torch.int64)) | 1


def _mixed(numbers: Any) -> Any:
    """Return numbers of which each bit depends on many of those that came in."""
    numbers = numbers * MULTIPLIER
    numbers = (numbers ^ (numbers >> 29)) * MULTIPLIER
    return numbers ^ (numbers >> 32)


def joined(numbers: Any) -> bytes:
    """Return the bytes of the numbers of rows, in their order."""
    return ctypes.string_at(numbers.data_ptr(), numbers.numel() * 8)


def total_of(columns: list[Any]) -> int:
    """Return the sum over all samples, each a row of every tensor."""
    if not columns:
        return 0
    samples = columns[0]
    for column in columns[1:]:
        samples = _mixed(samples) + column
    return int(_mixed(samples).sum()) & MASK
