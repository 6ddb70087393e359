"""What a batch holds: its digest as it came, and that of its samples in any order."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import xxhash

from envprint.models.on_device import Later
from envprint.models.reading import Reading
from envprint.models.values import inside
from envprint.recorder.chaining import Here
from envprint.recorder.rows import BYTE, digest_later, here, joined, total_of

MASK = (1 << 64) - 1
DEEPEST = 8
MOST_UNCOUNTED = 256  # batches of an epoch whose samples are not counted yet
MOST_WAITING = 4096  # batches between two steps, of which the last are told
MOST_ROWS, MOST_COLUMNS = 128, 4  # of a batch that is held until it is asked for: others are read at once
PLAIN = bool, int, float, str
Told = tuple[str, int]


class Read:
    """A batch of which all is read that can change; called, it returns the digest, and the sum of those of its samples.

    That is left until the links of a chain are made, many at once. `count` is that of the samples.
    """

    __slots__ = ("columns", "count", "told", "whole")

    def __init__(self, whole: Any, columns: Sequence[Later[Any]], count: int) -> None:
        self.whole = whole
        self.columns = columns
        self.count = count
        self.told: Told | None = None

    def __call__(self) -> Told:
        """Return the digest, and the sum."""
        if self.told is None:
            columns, self.columns = [each() for each in self.columns], ()
            for each in columns:
                self.whole.update(joined(each))
            self.told = f"xxh3-128-rows:{self.whole.hexdigest()}", total_of(columns)
            self.whole = None
        return self.told


class Batches:
    """The batches since the last step, and the samples since an epoch began."""

    def __init__(self) -> None:
        self.waiting: list[Told | Callable[[], Told]] = []
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
            self.loaded, self.waiting, self.epoch, self.seen = True, [], 0, 0
        self.ahead = ahead

    def add(self, read: Told | Callable[[], Told]) -> None:
        """Note a batch; the samples of one that a loader gave are those of an epoch, but on another device."""
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
        later: Any = Here
        for read in taken:
            if type(read) is not Read and type(read) is not tuple:
                later = functools.partial
        return {"batch": later(_batch_of, taken), "samples": later(_samples_of, taken)} if taken else {}

    def end_epoch(self) -> tuple[str, int]:
        """Return the digest of all samples of the epoch, in any order, and how many there were."""
        self._count_samples()
        ended, self.epoch, seen, self.seen = named(self.epoch), 0, self.seen, 0
        return ended, seen

    def _count_samples(self) -> None:
        counted, self.of_epoch = self.of_epoch, []
        self.epoch = (self.epoch + sum(read()[1] for read in counted)) & MASK


def _batch_of(taken: list[Told | Callable[[], Told]]) -> str:
    """Return one digest of all batches of a step, as they came."""
    digests = [digest for digest, _ in map(_come, taken)]
    if len(digests) == 1:
        return digests[0]
    return f"xxh3-128-rows:{xxhash.xxh3_128_hexdigest(' '.join(digests).encode())}"


def _samples_of(taken: list[Told | Callable[[], Told]]) -> str:
    """Return one digest of the samples of all batches of a step, in any order."""
    return named(sum(total for _, total in map(_come, taken)) & MASK)


def _come(read: Told | Callable[[], Told]) -> Told:
    return read() if callable(read) else read


def read_later(parts: list[Any], reading: Reading, *, rows: bool) -> Callable[[], Told]:
    """Ask for the parts of a batch, and return what reads them once they have come."""
    come = [part if isinstance(part, str) else reading.fetch(part) for part in parts]

    @functools.lru_cache(maxsize=1)  # it is asked for the batch, and for its samples
    def read() -> Told:
        now_here = [part if isinstance(part, str) else part() for part in come]
        return read_batch(now_here)() if rows else read_without_rows(now_here)

    return read


def named(total: int) -> str:
    """Return the name of a sum of digests."""
    return f"sum-of-rows:{total:016x}"


def read_batch(parts: list[Any]) -> Read:
    """Read a batch; a sample of it is one row of every tensor, but of those with fewer rows than the first one.

    ValueError where a tensor holds no numbers.
    """
    tensors = [part for part in parts if type(part) is not str]
    count = len(tensors[0]) if tensors and tensors[0].dim() else 0
    paired = [count > 0 and type(part) is not str and part.dim() > 0 and len(part) == count for part in parts]
    columns = [part for part, is_paired in zip(parts, paired, strict=True) if is_paired]
    read = Read(_digest_of(parts, paired), [digest_later(part) for part in columns], count)
    if count > MOST_ROWS or len(columns) > MOST_COLUMNS:
        read()
    return read


def read_without_rows(parts: list[Any]) -> Told:
    """Return another digest of a batch, and a quicker one, and no sum; ValueError as for `read_batch`."""
    return f"xxh3-128-rows:{_digest_of(parts).hexdigest()}", 0


def _digest_of(parts: list[Any], paired: Sequence[bool] = ()) -> Any:
    """Return the digest of a batch, but for the numbers of some tensors of it, as it is so far."""
    whole = xxhash.xxh3_128()
    for place, part in enumerate(parts):
        if type(part) is str:
            whole.update(part.encode())
            continue
        whole.update(_head(part.dtype, part.shape))
        if not (paired and paired[place]) and (size := (tensor := here(part)).nbytes):
            whole.update((BYTE * size).from_address(tensor.data_ptr()))
    return whole


@functools.lru_cache(maxsize=4096)
def _head(dtype: Any, shape: Any) -> bytes:
    return f"{dtype}{tuple(shape)}".encode()


def gather(value: Any, parts: list[Any], depth: int = DEEPEST) -> bool:
    """Add the tensors of a batch, and texts of all else; return whether one is on a device, which reading waits for."""
    kind, elsewhere = type(value), False
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
