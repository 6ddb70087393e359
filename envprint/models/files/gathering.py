"""Read numbers that do not lie one after another: transposed, sliced, expanded, channels last.

Memory is bounded whatever the strides are: pieces of the tensor are put together one by one, each from runs of the file
that hold all its numbers and not many others.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

from envprint.models.files.source import Source

PIECE = 1 << 20  # bytes of the tensor that are put together at once
LARGE = 16 << 20  # and where that is done by jumping: a transposed matrix has the longer runs the more rows are read
RUN = 64 << 10  # bytes that are cheaper to read than to jump over
WASTE = 4  # a run has at most so many times the bytes that are needed of it
BATCH = 256 << 10  # bytes of runs that are read before their numbers are put in place
KINDS = {1: "u1", 2: "u2", 4: "u4", 8: "u8", 16: "c16"}  # numpy copies them as they are

Axes = list[tuple[int, int]]  # length and stride, in numbers


def gathered(source: Source, start: int, width: int, axes: Axes, size: int) -> Iterator[memoryview]:
    """Yield the bytes of a tensor row by row, `size` at a time; `width` is that of a number."""
    if any(length == 0 for length, _ in axes):
        return iter(())
    merged = _merged(axes)
    _, first_piece = next(_pieces(merged, PIECE // width))
    most = LARGE if _outer(_far_first(first_piece), width) else PIECE
    pieces = (
        memoryview(_gather(source, start + first * width, width, part)).cast("B")
        for first, part in _pieces(merged, most // width)
    )
    return _in_blocks(pieces, size)


def _merged(axes: Axes) -> Axes:
    """Return the axes, neighbours that are walked in one step as one."""
    merged: Axes = [(1, 1)]
    for length, step in axes:
        before, far = merged[-1]
        if before == 1 or far == length * step:
            merged[-1] = before * length, step
        elif length > 1:
            merged.append((length, step))
    return merged


def _pieces(axes: Axes, most: int) -> Iterator[tuple[int, Axes]]:
    """Yield parts of at most so many numbers that follow each other: their first number, and their axes."""
    whole = next(i for i in range(len(axes)) if math.prod(length for length, _ in axes[i + 1 :]) <= most)
    inner = axes[whole + 1 :]
    length, step = axes[whole]
    rows = max(1, most // math.prod(length for length, _ in inner))
    for index in itertools.product(*(range(each) for each, _ in axes[:whole])):
        first = sum(i * far for i, (_, far) in zip(index, axes, strict=False))
        for row in range(0, length, rows):
            yield first + row * step, [(min(rows, length - row), step), *inner]


def _gather(source: Source, start: int, width: int, axes: Axes) -> Any:
    """Return the numbers of a piece, in an array of its shape."""
    import numpy as np

    piece: Any = np.empty([length for length, _ in axes], KINDS[width])
    far_first = _far_first(axes)
    outer = _outer(far_first, width)
    into = piece.transpose(sorted(range(len(axes)), key=lambda i: -axes[i][1]))
    if outer == 0:
        into[...] = _runs(source, [start], width, far_first)[0]
        return piece
    length, step = far_first[outer - 1]
    runs = far_first[outer:]
    rows = max(1, BATCH // (_span(runs) * width))
    for index in itertools.product(*(range(each) for each, _ in far_first[: outer - 1])):
        first = start + width * sum(i * far for i, (_, far) in zip(index, far_first, strict=False))
        for row in range(0, length, rows):
            starts = [first + at * step * width for at in range(row, min(length, row + rows))]
            into[index][row : row + rows] = _runs(source, starts, width, runs)
    return piece


def _far_first(axes: Axes) -> Axes:
    return sorted(axes, key=lambda axis: -axis[1])


def _outer(far_first: Axes, width: int) -> int:
    """Return how many axes are jumped along; the others are read in runs."""
    outer = len(far_first)
    while outer > 0:
        axes = far_first[outer - 1 :]
        needed = math.prod(length for length, _ in axes) * width
        if _span(axes) * width > max(RUN, WASTE * needed):
            break
        outer -= 1
    return outer


def _span(axes: Axes) -> int:
    """Return how many numbers there are from the first to the last."""
    return 1 + sum((length - 1) * step for length, step in axes)


def _runs(source: Source, starts: list[int], width: int, axes: Axes) -> Any:
    """Return, of each run that begins at an offset, the numbers along the axes."""
    import numpy as np

    span = _span(axes) * width
    held: Any = np.empty(span * len(starts), "u1")
    content = memoryview(held)
    for i, start in enumerate(starts):
        source.read_into(content[i * span : (i + 1) * span], start)
    shape = len(starts), *(length for length, _ in axes)
    return np.ndarray(shape, KINDS[width], content, strides=(span, *(step * width for _, step in axes)))


def _in_blocks(pieces: Iterator[memoryview], size: int) -> Iterator[memoryview]:
    """Yield the same bytes, `size` at a time."""
    buffer = memoryview(bytearray(size))
    filled = 0
    for piece in pieces:
        rest = piece
        while rest:
            part = rest[: size - filled]
            rest = rest[len(part) :]
            buffer[filled : filled + len(part)] = part
            filled += len(part)
            if filled == size:
                yield buffer
                filled = 0
    if filled:
        yield buffer[:filled]
