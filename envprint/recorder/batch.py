"""One batch: what is read of it, its digest as it came, and the sum of those of its samples."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import xxhash

from envprint.models.reading import Reading
from envprint.models.values import inside
from envprint.recorder.rows import content_of, numbers_of, read_rows, totals_of

DEEPEST = 8
# of a batch that is held until it is asked for: others are read at once
MOST_ROWS, MOST_COLUMNS, MOST_PARTS, MOST_CHARACTERS = 128, 4, 16, 1024
PLAIN = bool, int, float, str
Told = tuple[str, int]


class Read:
    """A batch of which all is read that can change; called, it returns the digest, and the sum of those of its samples.

    That is left until the links of a chain are made, many at once, and is then made of all `others` that wait. `parts`
    are texts, and of each tensor what it holds, or nothing where it is one of the `columns`, with type and shape;
    `count` is that of the samples.
    """

    __slots__ = ("columns", "count", "others", "parts", "told")

    def __init__(self, parts: list[Any], columns: list[Any], count: int) -> None:
        self.parts = parts
        self.columns = columns
        self.count = count
        self.others: list[Read] = []
        self.told: Told | None = None

    def __call__(self) -> Told:
        """Return the digest, and the sum."""
        if self.told is None:
            tell(self.others)
        if self.told is None:
            tell([self])
        return self.told  # type: ignore[return-value] # tell() did


def tell(reads: list[Read]) -> None:
    """Have batches tell, and empty the list of them: of all that are alike at once, since numpy is slow to start."""
    alike: dict[Any, list[Read]] = {}
    while reads:
        read = reads.pop()
        if read.told is None:
            alike.setdefault((read.count, *((type(each), len(each)) for each in read.columns)), []).append(read)
    for each in alike.values():
        _tell(each)


def _tell(alike: list[Read]) -> None:
    columns = [numbers_of(column, alike[0].count) for column in zip(*(read.columns for read in alike), strict=True)]
    totals = totals_of(columns) if columns else [0] * len(alike)
    for place, (read, total) in enumerate(zip(alike, totals, strict=True)):
        texts = [part if type(part) is str else _told_of(*part) for part in read.parts]
        rows = b"".join([column[place].tobytes() for column in columns])
        content = "\n".join(texts).encode(errors="surrogatepass") + rows
        read.told = f"xxh3-128-rows:{xxhash.xxh3_128_hexdigest(content)}", total
        read.columns, read.parts, read.others = [], [], []


@functools.lru_cache(maxsize=4096)
def _head(dtype: Any, shape: Any) -> str:
    return f"{dtype}{tuple(shape)}"


def _told_of(content: bytes, dtype: Any, shape: Any) -> str:
    return f"{_head(dtype, shape)}{content.hex()}"


def read_later(parts: list[Any], reading: Reading, *, rows: bool) -> Callable[[], Told]:
    """Ask for the parts of a batch, and return what reads them once they have come."""
    come = [part if isinstance(part, str) else reading.fetch(part) for part in parts]

    @functools.lru_cache(maxsize=1)  # it is asked for the batch, and for its samples
    def read() -> Told:
        now_here = [part if isinstance(part, str) else part() for part in come]
        return read_batch(now_here, rows=rows)()

    read.count = int(rows)  # type: ignore[attr-defined] # at least
    return read


def read_batch(parts: list[Any], *, rows: bool) -> Read:
    """Read a batch; a sample of it is one row of every tensor, but of those with fewer rows than the first one.

    Without `rows` no samples are told apart, which is quicker, and the digest is another one. ValueError where a tensor
    holds no numbers.
    """
    count = characters = 0
    read: list[Any] = []
    columns: list[Any] = []
    for part in parts:
        if type(part) is str:
            read.append(part)
            characters += len(part)
            continue
        dtype, shape = part.dtype, part.shape
        if rows:  # the first tensor tells how many samples there are
            rows, count = False, shape[0] if shape else 0
        if count and shape and shape[0] == count:
            columns.append(read_rows(part))
            read.append((b"", dtype, shape))
        else:
            read.append((content_of(part), dtype, shape))
    batch = Read(read, columns, count)
    if count > MOST_ROWS or len(columns) > MOST_COLUMNS or len(read) > MOST_PARTS or characters > MOST_CHARACTERS:
        batch()
    return batch


def gather(value: Any, parts: list[Any], depth: int = DEEPEST) -> bool:
    """Add the tensors of a batch, and texts of all else; return whether one is on a device, which reading waits for."""
    kind, elsewhere = type(value), False
    if kind is sys.modules["torch"].Tensor:  # what is quickest, first
        parts.append(value)
        return not value.is_cpu
    inner: Any = enumerate(value) if kind is tuple or kind is list else value.items() if kind is dict else None
    if inner is None and hasattr(value, "untyped_storage"):
        if not hasattr(value, "__tensor_flatten__"):
            parts.append(value)
            return not value.is_cpu
        for name in value.__tensor_flatten__()[0]:  # a DTensor holds its part of the numbers in another
            elsewhere |= gather(getattr(value, name), parts, depth - 1)
        return elsewhere
    if not depth or (inner is None and (inner := inside(value)) is None):
        parts.append(repr(value) if value is None or isinstance(value, PLAIN) else type(value).__name__)
        return False
    parts.append("(")
    for key, each in inner:
        parts.append(f"{key}:")
        elsewhere |= gather(each, parts, depth - 1)
    parts.append(")")
    return elsewhere
