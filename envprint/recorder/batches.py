"""What a batch holds: its digest as it came, and that of its samples in any order."""

from collections.abc import Iterator
from typing import Any

from envprint.models.values import inside
from envprint.recorder.rows import content_of, digest_rows, joined, total_of

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

    def add(self, parts: list[Any], *, loaded: bool, ahead: bool = False, rows: bool = True) -> None:
        """Note the parts of a batch that a loader gave, or, where there is no loader, of what a model was given.

        `ahead` is one that a library asked for: it may do so before it needs it, as accelerate does.
        """
        if self.loaded and not loaded:
            return
        if loaded and not self.loaded:
            self.loaded, self.waiting, self.epoch, self.seen = True, [], 0, 0
        digest, total, count = read_batch(parts, rows=rows)
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
    if hasattr(value, "untyped_storage"):
        yield value
    elif depth and (inner := inside(value)) is not None:
        yield "("
        for key, each in inner:
            yield f"{key}:"
            yield from _parts(each, depth - 1)
        yield ")"
    else:
        yield repr(value) if value is None or isinstance(value, (bool, int, float, str)) else type(value).__name__
