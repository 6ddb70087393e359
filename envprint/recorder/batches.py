"""What a batch holds: its digest as it came, and that of its samples in any order."""

import functools
from collections.abc import Iterator
from typing import Any

from envprint.models.on_device import Later
from envprint.models.reading import Reading
from envprint.models.values import inside
from envprint.recorder.rows import content_of, digest_rows, joined, total_of

MASK = (1 << 64) - 1
DEEPEST = 8


class Batches:
    """The batches since the last step, and the samples since an epoch began."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, int] | Later[tuple[str, int]]] = []
        self.epoch = 0
        self.seen = 0
        self.loaded = False
        self.ahead = False

    def add(self, parts: list[Any], reading: Reading, *, loaded: bool, ahead: bool = False, rows: bool = True) -> None:
        """Note the parts of a batch that a loader gave, or, where there is no loader, of what a model was given.

        `ahead` is one that a library asked for: it may do so before it needs it, as accelerate does. A batch on a
        device is known when `reading` has come, and none of its samples are counted.
        """
        if self.loaded and not loaded:
            return
        if loaded and not self.loaded:
            self.loaded, self.waiting, self.epoch, self.seen = True, [], 0, 0
        self.ahead = ahead
        if is_elsewhere(parts):
            self.waiting.append(_read_later(parts, reading, rows=rows))
            return
        digest, total, count = read_batch(parts, rows=rows)
        self.waiting.append((digest, total))
        self.epoch = (self.epoch + total) & MASK
        self.seen += count

    def take(self, passes: int) -> dict[str, str | Later[str]]:
        """Return the digest of the batches of a step, and that of their samples, or what gives them once they came.

        They are all since the last step; of those asked for ahead as many as there were forward passes, if any.
        """
        most = passes if self.ahead and passes else len(self.waiting)
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        if not taken:
            return {}
        if any(callable(each) for each in taken):
            return {name: functools.partial(_of_step, taken, name) for name in ("batch", "samples")}
        return {name: _of_step(taken, name) for name in ("batch", "samples")}

    def end_epoch(self) -> tuple[str, int]:
        """Return the digest of all samples of the epoch, in any order, and how many there were."""
        ended, self.epoch, seen, self.seen = named(self.epoch), 0, self.seen, 0
        return ended, seen


def _of_step(taken: list[Any], name: str) -> str:
    """Return one digest of all batches of a step: of their samples in any order, or of the batches as they came."""
    import xxhash

    come = [each() if callable(each) else each for each in taken]
    if name == "samples":
        return named(sum(total for _, total in come) & MASK)
    if len(come) == 1:
        return str(come[0][0])
    return f"xxh3-128-rows:{xxhash.xxh3_128_hexdigest(' '.join(each for each, _ in come).encode())}"


def _read_later(parts: list[Any], reading: Reading, *, rows: bool) -> Later[tuple[str, int]]:
    """Ask for the parts of a batch, and return what reads them once they have come."""
    come = [part if isinstance(part, str) else reading.fetch(part) for part in parts]

    @functools.lru_cache(maxsize=1)  # it is asked for the batch, and for its samples
    def read() -> tuple[str, int]:
        digest, total, _ = read_batch([part if isinstance(part, str) else part() for part in come], rows=rows)
        return digest, total

    return read


def named(total: int) -> str:
    """Return the name of a sum of digests."""
    return f"sum-of-rows:{total:016x}"


def read_batch(parts: list[Any], *, rows: bool = True) -> tuple[str, int, int]:
    """Return the digest of a batch, the sum of those of its samples, which any order leaves alone, and their number.

    A sample is one row of every tensor: tensors of fewer rows than the first one, or of none, count in the digest only.
    Without `rows` the digest is another, and quicker, and samples are none.
    """
    import xxhash

    whole = xxhash.xxh3_128()
    tensors = [part for part in parts if not isinstance(part, str)]
    count = len(tensors[0]) if rows and tensors and tensors[0].dim() else 0
    paired = []
    for part in parts:
        if isinstance(part, str):
            whole.update(part.encode())
            continue
        whole.update(f"{part.dtype}{tuple(part.shape)}".encode())
        if count and part.dim() and len(part) == count:
            paired.append(digest_rows(part))
        else:
            whole.update(content_of(part))
    for each in paired:
        whole.update(joined(each))
    return f"xxh3-128-rows:{whole.hexdigest()}", total_of(paired), count


def parts_of(batch: Any) -> list[Any]:
    """Return the tensors of a batch, and texts of all else."""
    return list(_parts(batch, DEEPEST))


def is_elsewhere(parts: list[Any]) -> bool:
    """Tell whether a batch lies on another device, where reading it waits for what the device has to do."""
    return any(not isinstance(part, str) and not part.is_cpu for part in parts)


def _parts(value: Any, depth: int) -> Iterator[Any]:
    if hasattr(value, "__tensor_flatten__"):  # a DTensor holds its part of the numbers in another
        yield from (each for name in value.__tensor_flatten__()[0] for each in _parts(getattr(value, name), depth - 1))
    elif hasattr(value, "untyped_storage"):
        yield value
    elif depth and (inner := inside(value)) is not None:
        yield "("
        for key, each in inner:
            yield f"{key}:"
            yield from _parts(each, depth - 1)
        yield ")"
    else:
        yield repr(value) if value is None or isinstance(value, (bool, int, float, str)) else type(value).__name__
