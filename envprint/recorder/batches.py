"""What a batch holds: its digest as it came, and that of its samples in any order."""

from collections.abc import Iterator
from typing import Any

from envprint.models.values import inside
from envprint.recorder.rows import digest_rows, joined, total_of

MASK = (1 << 64) - 1
DEEPEST = 8


class Batches:
    """The batches since the last step, and the samples since an epoch began."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, int]] = []
        self.epoch = 0
        self.seen = 0
        self.loaded = False
        self.ahead = False

    def add(self, batch: Any, *, loaded: bool, ahead: bool = False) -> None:
        """Note a batch that a loader gave, or, where there is no loader, what a model was given.

        `ahead` is one that a library asked for: it may do so before it needs it, as accelerate does.
        """
        if self.loaded and not loaded:
            return
        if loaded and not self.loaded:
            self.loaded, self.waiting, self.epoch, self.seen = True, [], 0, 0
        digest, total, count = read_batch(batch)
        self.ahead = ahead
        self.waiting.append((digest, total))
        self.epoch = (self.epoch + total) & MASK
        self.seen += count

    def take(self, passes: int) -> tuple[str | None, str | None]:
        """Return the digest of the batches of a step, and that of their samples.

        They are all since the last step; of those asked for ahead as many as there were forward passes, if any.
        """
        import xxhash

        most = passes if self.ahead and passes else len(self.waiting)
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        if not taken:
            return None, None
        digest = taken[0][0]
        if len(taken) > 1:
            digest = f"xxh3-128-rows:{xxhash.xxh3_128_hexdigest(' '.join(each for each, _ in taken).encode())}"
        return digest, named(sum(total for _, total in taken) & MASK)

    def end_epoch(self) -> tuple[str, int]:
        """Return the digest of all samples of the epoch, in any order, and how many there were."""
        ended, self.epoch, seen, self.seen = named(self.epoch), 0, self.seen, 0
        return ended, seen


def named(total: int) -> str:
    """Return the name of a sum of digests."""
    return f"sum-of-rows:{total:016x}"


def read_batch(batch: Any) -> tuple[str, int, int]:
    """Return the digest of a batch, the sum of those of its samples, which any order leaves alone, and their number.

    A sample is one row of every tensor: tensors of fewer rows than the first one, or of none, count in the digest only.
    """
    import xxhash

    parts = list(_parts(batch, DEEPEST))
    tensors = [part for part in parts if not isinstance(part, str)]
    count = len(tensors[0]) if tensors and tensors[0].dim() else 0
    paired = [digest_rows(each) for each in tensors if each.dim() and len(each) == count] if count else []
    whole = xxhash.xxh3_128()
    for part in parts:
        if isinstance(part, str):
            whole.update(part.encode())
        else:
            whole.update(f"{part.dtype}{tuple(part.shape)}".encode())
            if not (count and part.dim() and len(part) == count):
                whole.update(joined(digest_rows(part.reshape(1, -1))))
    for rows in paired:
        whole.update(joined(rows))
    return f"xxh3-128-rows:{whole.hexdigest()}", total_of(paired), count


def is_elsewhere(batch: Any) -> bool:
    """Tell whether a batch lies on another device, where reading it waits for what the device has to do."""
    return any(not isinstance(part, str) and part.device.type != "cpu" for part in _parts(batch, DEEPEST))


def _parts(value: Any, depth: int) -> Iterator[Any]:
    """Yield the tensors of a value, and texts of all else."""
    if hasattr(value, "untyped_storage"):
        yield value.detach()
    elif depth and (inner := inside(value)) is not None:
        yield "("
        for key, each in inner:
            yield f"{key}:"
            yield from _parts(each, depth - 1)
        yield ")"
    else:
        yield repr(value) if value is None or isinstance(value, (bool, int, float, str)) else type(value).__name__
