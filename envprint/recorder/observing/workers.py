"""Hear of the workers of a DataLoader: whether each begins with random states of its own.

Workers are other processes, in which nothing is recorded. Those that are forked write a digest of their states into
memory that they share with the run, once, as they begin: after the loader's own worker_init_fn, before any sample.
"""

import mmap
from typing import Any

from envprint.recorder.calls import Undo, wrap
from envprint.recorder.generators import states
from envprint.recorder.recording import Recording

MOST = 256  # workers that are heard of
GENERATORS = ("numpy", "python")
EACH = 8  # bytes of a digest
SIZE = EACH * len(GENERATORS)
NOTHING = bytes(EACH)
ASKED = 64  # batches after which a loader whose workers have not all written is left alone


class Slots:
    """Memory that workers write to, and the loader whose workers do."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, MOST * SIZE)
        self.workers = self.asked = 0

    def begin(self, workers: int) -> None:
        """Expect so many workers, none of which has written yet."""
        self.workers, self.asked = min(workers, MOST), 0
        self.memory[:] = bytes(MOST * SIZE)

    def write(self, worker: int, found: dict[str, str]) -> None:
        """Write the states of a worker."""
        for place, name in enumerate(GENERATORS):
            digest = found.get(name, "").rpartition(":")[2][: 2 * EACH]
            start = worker * SIZE + place * EACH
            self.memory[start : start + EACH] = bytes.fromhex(digest) or NOTHING

    def read(self) -> list[list[bytes]]:
        """Return by generator the digests of those that have written."""
        texts = [self.memory[number * SIZE : (number + 1) * SIZE] for number in range(self.workers)]
        columns = [[text[place * EACH : (place + 1) * EACH] for text in texts] for place in range(len(GENERATORS))]
        return [[each for each in column if each != NOTHING] for column in columns]


def observe_workers(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of the states with which forked workers begin, once they all have."""
    from torch.utils.data import dataloader

    slots = Slots()

    def iterated(loader: Any) -> None:
        if loader.num_workers > 1 and torch.is_grad_enabled():
            slots.begin(loader.num_workers)

    def began(*_: Any, **__: Any) -> None:
        worker = torch.utils.data.get_worker_info()
        if worker is not None and worker.id < slots.workers and torch.is_grad_enabled():
            slots.write(worker.id, states())

    def loaded(*_: Any, **__: Any) -> None:
        if not slots.workers:
            return
        count, found = slots.workers, slots.read()
        slots.asked += 1
        is_known = all(len(column) == count for column in found)
        if is_known or slots.asked > ASKED:
            slots.workers = 0
        if is_known:
            said = (f"{name}={len(set(column))}" for name, column in zip(GENERATORS, found, strict=True))
            recording.event("workers", " ".join((f"workers={count}", *said)))

    return [
        wrap(dataloader.DataLoader, "__iter__", iterated),
        wrap(dataloader._DatasetKind, "create_fetcher", began),  # noqa: SLF001 - what a worker calls as it begins
        wrap(dataloader._MultiProcessingDataLoaderIter, "_next_data", returned=loaded),  # noqa: SLF001 - of all
    ]
