"""A few numbers of a tensor at fixed places, as a description keeps them, compared as if they were a tensor."""

import base64
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from envprint.manifest.model import Tensor
from envprint.models.content import BLOCK, Content
from envprint.probes.bits import LAYOUTS
from envprint.probes.outputs import places

SAMPLES = 16


@functools.lru_cache(maxsize=1024)
def sampled_places(count: int) -> tuple[int, ...]:
    """Return which of so many numbers are kept."""
    chosen = places(count)
    return chosen[:: max(1, len(chosen) // SAMPLES)][:SAMPLES]


@dataclass(frozen=True)
class Sampled:
    """The samples of a tensor, as content."""

    dtype: str
    kept: bytes
    place: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return how many there are."""
        return (len(self.kept) // LAYOUTS[self.dtype].width,)

    def blocks(self, size: int = BLOCK) -> Iterator[memoryview]:
        """Yield their bytes."""
        for start in range(0, len(self.kept), size):
            yield memoryview(self.kept)[start : start + size]

    def permuted(self, axes: tuple[int, ...]) -> "Sampled":
        """Return the same samples: they have one axis."""
        del axes
        return self


def samples_of(tensor: Tensor, content: Content | None) -> Sampled | None:
    """Return the samples that a description has, or those of content that can be read; None where there are none."""
    if tensor.dtype not in LAYOUTS:
        return None
    if tensor.samples is not None:
        return Sampled(tensor.dtype, base64.b64decode(tensor.samples))
    return None if content is None else Sampled(tensor.dtype, _picked(content, LAYOUTS[tensor.dtype].width))


def _picked(content: Content, width: int) -> bytes:
    wanted = [place * width for place in sampled_places(math.prod(content.shape))]
    picked: list[bytes] = []
    start = 0
    for block in content.blocks():
        while len(picked) < len(wanted) and wanted[len(picked)] < start + len(block):
            at = wanted[len(picked)] - start
            picked.append(bytes(block[at : at + width]))
        start += len(block)
    return b"".join(picked)
