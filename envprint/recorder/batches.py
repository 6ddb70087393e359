"""What a batch holds: its digest as it came, and that of its samples in any order."""

from collections.abc import Iterator
from typing import Any

from envprint.models.values import Digests, inside

MASK = (1 << 128) - 1


class Batches:
    """The batches since the last step, and the samples since an epoch began."""

    def __init__(self) -> None:
        self.digests: list[str] = []
        self.samples = 0
        self.epoch = 0
        self.seen = 0

    def add(self, batch: Any) -> None:
        """Note a batch."""
        self.digests.append(Digests().of(batch))
        total, count = samples_of(batch)
        self.samples = (self.samples + total) & MASK
        self.epoch = (self.epoch + total) & MASK
        self.seen += count

    def take(self) -> tuple[str | None, str | None]:
        """Return the digest of the batches since the last step, and that of their samples, and begin anew."""
        if not self.digests:
            return None, None
        digest = self.digests[0] if len(self.digests) == 1 else Digests().of(self.digests)
        samples, self.samples, self.digests = named(self.samples), 0, []
        return digest, samples

    def end_epoch(self) -> tuple[str, int]:
        """Return the digest of all samples of the epoch, in any order, and how many there were."""
        ended, self.epoch, seen, self.seen = named(self.epoch), 0, self.seen, 0
        return ended, seen


def named(total: int) -> str:
    """Return the name of a sum of digests."""
    return f"sum-of-xxh3-128:{total:032x}"


def samples_of(batch: Any) -> tuple[int, int]:
    """Return the sum of the digests of a batch's samples, which is the same in any order, and how many they are."""
    import xxhash

    leaves = [leaf for leaf in _leaves(batch) if leaf.dim() > 0]
    count = min((len(leaf) for leaf in leaves), default=0)
    rows = [_rows(leaf, count) for leaf in leaves]
    total = 0
    for place in range(count):
        sample = xxhash.xxh3_128()
        for row in rows:
            sample.update(row(place))
        total = (total + sample.intdigest()) & MASK
    return total, count


def _rows(leaf: Any, count: int) -> Any:
    """Return what gives the bytes of a sample, of a tensor on any device."""
    import ctypes

    here = leaf.detach()[:count].cpu().contiguous()
    size = here.numel() * here.element_size() // max(1, count)
    return lambda place: ctypes.string_at(here.data_ptr() + place * size, size) if size else b""


def _leaves(value: Any, depth: int = 8) -> Iterator[Any]:
    if hasattr(value, "untyped_storage"):
        yield value
    for _, each in (inside(value) or ()) if depth else ():
        yield from _leaves(each, depth - 1)
