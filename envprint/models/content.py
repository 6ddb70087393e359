"""The numbers of one tensor, wherever they lie: in a file, or in memory."""

from collections.abc import Iterator
from typing import Protocol

BLOCK = 1 << 18  # bytes; two of them stay in a core's cache


class Content(Protocol):
    """The numbers of one tensor: `dtype` as torch names it (`float32`), `shape`, and their bytes.

    `place` names where they lie, so that tied tensors have one place; two of unlike places may overlap all the same.
    """

    @property
    def dtype(self) -> str:
        """Return the name of the type."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the length of each axis."""

    @property
    def place(self) -> str:
        """Return what names where the numbers lie."""

    def blocks(self, size: int = BLOCK) -> Iterator[memoryview]:
        """Yield the bytes, little-endian and row by row, `size` at a time; the last block may be shorter.

        `size` is a multiple of 16. A block is valid until the next one is asked for. Raises CheckpointError where
        they cannot be read.
        """

    def permuted(self, axes: tuple[int, ...]) -> "Content":
        """Return the same numbers with their axes in another order, as torch.permute does."""
