"""What a batch holds: its digest as it came, and that of its samples in any order."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import xxhash

from envprint.models.on_device import Later
from envprint.models.reading import Reading
from envprint.models.values import inside
from envprint.recorder.chaining import Here
from envprint.recorder.rows import content_of, digest_later, joined, total_of

MASK = (1 << 64) - 1
DEEPEST = 8
MOST_UNCOUNTED = 256  # batches of an epoch whose samples are not counted yet
MOST_WAITING = 4096  # batches between two steps, of which the last are told
# of a batch that is held until it is asked for: others are read at once
MOST_ROWS, MOST_COLUMNS, MOST_PARTS, MOST_CHARACTERS = 128, 4, 16, 1024
PLAIN = bool, int, float, str
Told = tuple[str, int]


class Read:
    """A batch of which all is read that can change; called, it returns the digest, and the sum of those of its samples.

    That is left until the links of a chain are made, many at once. `parts` are texts, and of each tensor what it holds,
    or nothing where it is one of the `columns`, with type and shape; `count` is that of the samples.
    """

    __slots__ = ("columns", "count", "parts", "told")

    def __init__(self, parts: list[Any], columns: list[Later[Any]], count: int) -> None:
        self.parts = parts
        self.columns = columns
        self.count = count
        self.told: Told | None = None

    def __call__(self) -> Told:
        """Return the digest, and the sum."""
        if self.told is None:
            columns = [each() for each in self.columns]
            texts = [part if type(part) is str else _told_of(*part) for part in self.parts]
            content = "\n".join(texts).encode(errors="surrogatepass") + b"".join(map(joined, columns))
            self.told = f"xxh3-128-rows:{xxhash.xxh3_128_hexdigest(content)}", total_of(columns)
            self.columns, self.parts = [], []
        return self.told


@functools.lru_cache(maxsize=4096)
def _head(dtype: Any, shape: Any) -> str:
    return f"{dtype}{tuple(shape)}"


def _told_of(content: bytes, dtype: Any, shape: Any) -> str:
    return f"{_head(dtype, shape)}{content.hex()}"


class Batches:
    """The batches since the last step, and the samples since an epoch began."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], Told]] = []
        self.beside: list[Callable[[], Told]] = []
        self.of_epoch: list[Read] = []
        self.epoch = 0
        self.seen = 0
        self.loaded = False
        self.ahead = False

    def loading(self, *, ahead: bool) -> None:
        """Know that a loader gives the batches: what the model is given is none from here on.

        `ahead`: a library asked for the next one; it may do so before it needs it, as accelerate does.
        """
        if not self.loaded:
            self.loaded, self.waiting, self.beside, self.epoch, self.seen = True, [], [], 0, 0
        self.ahead = ahead

    def add(self, read: Callable[[], Told], *, beside: bool = False) -> None:
        """Note a batch; the samples of one that a loader gave are those of an epoch, but on another device.

        What stands `beside` is told of with the others where their step is kept, and else nowhere.
        """
        if beside:
            self.beside = [*self.beside, read][-MOST_WAITING:]
            return
        if len(self.waiting) >= MOST_WAITING:
            del self.waiting[0]
        self.waiting.append(read)
        if self.loaded and isinstance(read, Read):
            self.seen += read.count
            self.of_epoch.append(read)
            if len(self.of_epoch) >= MOST_UNCOUNTED:
                self._count_samples()

    def take(self, passes: int) -> dict[str, Later[str]]:
        """Return what gives the digest of the batches of a step, and that of their samples, once they came.

        They are all since the last step; of those asked for ahead as many as there were forward passes, if any.
        """
        taken, self.waiting = self.waiting, []
        if self.ahead and passes:
            taken, self.waiting = taken[:passes], taken[passes:]
        return told_of(taken) if taken else {}

    def take_all(self, taken: dict[str, Later[str]]) -> dict[str, Later[str]]:
        """Return what `take` did, with what stood beside."""
        beside, self.beside = self.beside, []
        return told_of([*getattr(taken.get("batch"), "args", ([],))[0], *beside]) if beside else {}

    def end_epoch(self) -> tuple[str, int]:
        """Return the digest of all samples of the epoch, in any order, and how many there were."""
        self._count_samples()
        ended, self.epoch, seen, self.seen = named(self.epoch), 0, self.seen, 0
        return ended, seen

    def _count_samples(self) -> None:
        counted, self.of_epoch = self.of_epoch, []
        self.epoch = (self.epoch + sum(read()[1] for read in counted)) & MASK


def told_of(taken: list[Callable[[], Told]]) -> dict[str, Later[str]]:
    """Return what gives the digest of the batches of a step, and that of their samples, where these were told apart."""
    later: Any = Here
    counted = True
    for read in taken:
        if type(read) is not Read:
            later = functools.partial
        counted = counted and getattr(read, "count", 0) > 0
    batch = {"batch": later(_batch_of, taken)}
    return {**batch, "samples": later(_samples_of, taken)} if counted else batch


def _batch_of(taken: list[Callable[[], Told]]) -> str:
    """Return one digest of all batches of a step, as they came."""
    digests = [read()[0] for read in taken]
    if len(digests) == 1:
        return digests[0]
    return f"xxh3-128-rows:{xxhash.xxh3_128_hexdigest(' '.join(digests).encode())}"


def _samples_of(taken: list[Callable[[], Told]]) -> str:
    """Return one digest of the samples of all batches of a step, in any order."""
    return named(sum(read()[1] for read in taken) & MASK)


def read_later(parts: list[Any], reading: Reading, *, rows: bool) -> Callable[[], Told]:
    """Ask for the parts of a batch, and return what reads them once they have come."""
    come = [part if isinstance(part, str) else reading.fetch(part) for part in parts]

    @functools.lru_cache(maxsize=1)  # it is asked for the batch, and for its samples
    def read() -> Told:
        now_here = [part if isinstance(part, str) else part() for part in come]
        return read_batch(now_here, rows=rows)()

    read.count = int(rows)  # type: ignore[attr-defined] # at least
    return read


def named(total: int) -> str:
    """Return the name of a sum of digests."""
    return f"sum-of-rows:{total:016x}"


def read_batch(parts: list[Any], *, rows: bool) -> Read:
    """Read a batch; a sample of it is one row of every tensor, but of those with fewer rows than the first one.

    Without `rows` no samples are told apart, which is quicker, and the digest is another one. ValueError where a tensor
    holds no numbers.
    """
    count = characters = 0
    read: list[Any] = []
    columns: list[Later[Any]] = []
    for part in parts:
        if type(part) is str:
            read.append(part)
            characters += len(part)
            continue
        dtype, shape = part.dtype, part.shape
        if rows:  # the first tensor tells how many samples there are
            rows, count = False, shape[0] if shape else 0
        if count and shape and shape[0] == count:
            columns.append(digest_later(part))
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
