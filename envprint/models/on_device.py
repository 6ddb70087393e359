"""Ask one device for what it holds: bytes that come as they are, digests that are computed there, and copies."""

import contextlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import xxhash

from envprint.models.tensors import memory, runs
from envprint.models.xxh3 import CHUNK, WORDS, accumulate, block_sums, finish

PIECE = 1 << 26  # bytes of one tensor that are read at once
LARGE = 1 << 18  # bytes from which on a tensor is digested where it is: to start operations takes longer than to copy
MOST_SUMS = 1 << 23  # numbers of blocks, 64 MiB, that wait to be accumulated: those of a GiB
DIGEST = 16  # bytes
Kind = TypeVar("Kind")
Later = Callable[[], Kind]


class OnDevice:
    """What was asked of one device: small tensors, whose bytes come as they are, digests of chunks, and copies."""

    def __init__(self, device: Any) -> None:
        self.module = getattr(sys.modules["torch"], device.type, None)
        self.device = device
        self.small: list[Any] = []
        self.size = 0
        self.sums: list[Any] = []
        self.lanes: list[Any] = []
        self.chunks = 0
        self.streams: dict[Any, Any] = {}
        self.come: dict[str, Any] = {}

    @property
    def has_events(self) -> bool:
        """Tell whether it has streams and events; where not, all that is copied is waited for."""
        return hasattr(self.module, "Event") and hasattr(self.module, "current_stream")

    def fetch(self, tensor: Any) -> Later[Any]:
        """Begin to copy a tensor: into pinned memory, where torch is told not to wait and the device has such."""
        if self.has_events:
            self.streams[self.module.current_stream(self.device)] = None  # type: ignore[union-attr]
        here = tensor.detach().to("cpu", non_blocking=self.has_events)
        return lambda: here

    def digests(self, tensor: Any, *, stays: bool) -> Later[bytes]:
        """Ask for the digests of the chunks of a tensor, which are computed on the device unless it is small."""
        torch: Any = sys.modules["torch"]
        found: list[Later[bytes]] = []
        several = tensor.numel() * tensor.element_size() > PIECE
        for run in runs(tensor, PIECE // tensor.element_size()):
            flat = run.view(torch.uint8)
            whole = 0 if len(flat) < LARGE and not several else len(flat) - len(flat) % CHUNK
            if whole:
                found.append(self._digest(_words(flat[:whole])))
            if whole < len(flat):
                found.append(self._bring(flat[whole:] if stays else flat[whole:].clone()))
        return lambda: b"".join(told() for told in found)

    def _digest(self, words: Any) -> Later[bytes]:
        start, self.chunks = self.chunks, self.chunks + len(words)
        self.sums.append(block_sums(words))
        if sum(each.numel() for each in self.sums) >= MOST_SUMS:
            self._accumulate()
        return lambda: self._found()[start * DIGEST : (start + len(words)) * DIGEST]

    def _bring(self, flat: Any) -> Later[bytes]:
        start, self.size = self.size, self.size + len(flat)
        self.small.append(flat)

        def told() -> bytes:
            content = memory(self.come["small"])[start : start + len(flat)]
            starts = range(0, len(content), CHUNK)
            return b"".join(xxhash.xxh3_128_digest(content[each : each + CHUNK]) for each in starts)

        return told

    def _accumulate(self) -> None:
        if self.sums:
            self.lanes.append(accumulate(sys.modules["torch"].cat(self.sums)))
            self.sums = []

    def compute(self) -> None:
        """Have the digests computed; RuntimeError where the device lacks an operation, or memory for it."""
        try:
            self._accumulate()
            for many in (self.small, self.lanes):
                many[:] = [sys.modules["torch"].cat(many)] if many else []
        except RuntimeError:
            self.small, self.sums, self.lanes = [], [], []
            raise

    def start(self) -> None:
        """Have all that was asked for come; digests that the device cannot compute do not."""
        with contextlib.suppress(RuntimeError):
            self.compute()
            asked = {"small": self.small, "lanes": self.lanes}
            self.come = {name: self.fetch(each[0])() for name, each in asked.items() if each}
            self.small, self.lanes = [], []
        for stream in self.streams:
            self.streams[stream] = self.module.Event()  # type: ignore[union-attr]
            self.streams[stream].record(stream)

    def is_here(self) -> bool:
        """Tell whether all has come."""
        return all(event.query() for event in self.streams.values())

    def wait(self) -> None:
        """Wait for it."""
        for event in self.streams.values():
            event.synchronize()

    def _found(self) -> bytes:
        if "digests" not in self.come:
            self.come["digests"] = finish(self.come.pop("lanes"))
        found: bytes = self.come["digests"]
        return found


def _words(flat: Any) -> Any:
    """Return bytes as rows of 64-bit words, a chunk each."""
    aligned = flat.storage_offset() % 8 == 0 and flat.data_ptr() % 8 == 0
    return (flat if aligned else flat.clone()).view(sys.modules["torch"].int64).view(-1, WORDS)
