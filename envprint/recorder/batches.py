"""The batches of a run: those of a step, with their digest, and the samples of an epoch in any order."""

import functools
from collections.abc import Callable
from typing import Any

import xxhash

from envprint.models.on_device import Later
from envprint.recorder.batch import Read, Told, tell
from envprint.recorder.chaining import AT_ONCE, Here

MASK = (1 << 64) - 1
MOST_UNCOUNTED = 256  # batches of an epoch whose samples are not counted yet
MOST_WAITING = 4096  # batches between two steps, of which the last are told


class Batches:
    """The batches since the last step, and the samples since an epoch began."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], Told]] = []
        self.beside: list[Callable[[], Told]] = []
        self.of_epoch: list[Read] = []
        self.untold: list[Read] = []
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
        if type(read) is Read:
            self._tell_later(read)
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

    def _tell_later(self, read: Read) -> None:
        """Have a batch tell with others, of which no more wait than links are made at once."""
        if len(self.untold) >= AT_ONCE:
            tell(self.untold)
        if read.told is None:
            read.others = self.untold
            self.untold.append(read)

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


def named(total: int) -> str:
    """Return the name of a sum of digests."""
    return f"sum-of-rows:{total:016x}"
