"""One tensor of a file: how it is described there, and its bytes, which are read when they are asked for."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from envprint.models.content import BLOCK
from envprint.models.files.dtypes import PAIRS, SIZES
from envprint.models.files.gathering import gathered
from envprint.models.files.source import Source

PARAMETER, TENSOR = "parameter", "tensor"  # kinds


@dataclass(slots=True, eq=False)
class StoredTensor:
    """A tensor in a file, as `Content` has it; `start` is the offset in the file of its first number.

    `stride` counts numbers; `kind` is "parameter" or "tensor". The bytes are there as long as the file is open.
    """

    dtype: str
    shape: tuple[int, ...]
    place: str
    stride: tuple[int, ...]
    source: Source
    start: int
    requires_grad: bool = False
    kind: str = TENSOR
    swapped: bool = False  # the file has the most significant byte first

    @property
    def nbytes(self) -> int:
        """Return how many bytes `blocks` yields."""
        return math.prod(self.shape) * SIZES[self.dtype]

    def blocks(self, size: int = BLOCK) -> Iterator[memoryview]:
        """Yield the bytes, little-endian and row by row; a block is valid until the next one is asked for."""
        if self.stride == row_by_row(self.shape) or is_dense(self.shape, self.stride):
            blocks = self.source.pieces(self.start, self.nbytes, size)
        else:
            axes = list(zip(self.shape, self.stride, strict=True))
            blocks = gathered(self.source, self.start, SIZES[self.dtype], axes, size)
        return _swapped(blocks, SIZES[self.dtype] // (1 + (self.dtype in PAIRS))) if self.swapped else blocks

    def permuted(self, axes: tuple[int, ...]) -> "StoredTensor":
        """Return the same numbers with their axes in another order, as torch.permute does."""
        if sorted(axes) != list(range(len(self.shape))):
            raise ValueError(f"{axes} is no order of the axes of {self.shape}")
        return replace(
            self,
            shape=tuple(self.shape[axis] for axis in axes),
            stride=tuple(self.stride[axis] for axis in axes),
            place=f"{self.place} by {axes}",
        )


def row_by_row(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of a tensor whose numbers lie one after another."""
    strides = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= length or 1
    return tuple(reversed(strides))


def is_dense(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Tell whether numbers lie one after another, whatever the strides of axes that have one number or none."""
    if 0 in shape:
        return True
    return all(have == want or n == 1 for n, have, want in zip(shape, stride, row_by_row(shape), strict=True))


def _swapped(blocks: Iterator[memoryview], width: int) -> Iterator[memoryview]:
    """Yield blocks with the bytes of each number turned round."""
    import numpy as np

    for block in blocks:
        if width > 1:
            np.frombuffer(block, f"u{width}").byteswap(inplace=True)
        yield block
