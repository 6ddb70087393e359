"""Ask one stream of a device for what it holds: bytes that come as they are, digests made there, and copies."""

import contextlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import xxhash

from envprint.models.tensors import memory, runs
from envprint.models.xxh3 import CHUNK, WORDS, accumulate, block_sums, finish

PIECE = 1 << 26  # bytes of one tensor that are read at once
LARGE = 1 << 18  # bytes from which on a tensor is digested where it is: to start operations takes longer than to copy
MOST_SMALL = 1 << 24  # bytes of small tensors that come together
MOST_SUMS = 1 << 23  # numbers of blocks, 64 MiB, that wait to be accumulated: those of a GiB
DIGEST = 16  # bytes
Kind = TypeVar("Kind")
Later = Callable[[], Kind]


class Parcel:
    """Small tensors that come together: their bytes, on the device until they are sent."""

    def __init__(self) -> None:
        self.pieces: list[Any] = []
        self.size = 0
        self.here: Any = None

    def digests(self, start: int, size: int) -> bytes:
        """Return the digests of the chunks of a tensor that has come; KeyError where none has."""
        if self.here is None:
            raise KeyError("parcel")
        content = memory(self.here)[start : start + size]
        return b"".join(xxhash.xxh3_128_digest(content[each : each + CHUNK]) for each in range(0, size, CHUNK))


class OnDevice:
    """What one stream of a device was asked for; its memory is read and freed in the order of that stream.

    Answers hold no tensors of the device, and raise KeyError where it could not give them after all.
    """

    def __init__(self, module: Any, stream: Any) -> None:
        self.module = module
        self.stream = stream
        self.parcel = Parcel()
        self.sums: list[Any] = []
        self.waiting = 0
        self.lanes: list[Any] = []
        self.chunks = 0
        self.found: dict[str, Any] = {}
        self.failed = False
        self.event: Any = None

    def fetch(self, tensor: Any) -> Later[Any]:
        """Begin to copy a tensor: into pinned memory, where torch is told not to wait and the device has such."""
        plain = tensor.detach().resolve_conj().resolve_neg()
        here = plain.to("cpu", non_blocking=self.stream is not None)
        return lambda: here

    def digests(self, tensor: Any, *, stays: bool) -> Later[bytes]:
        """Ask for the digests of the chunks of a tensor, which are computed on the device unless it is small."""
        if self.failed:
            raise RuntimeError("the device could not digest what it was asked to")
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
        sums = block_sums(words)
        start = self.chunks
        stop = self.chunks = start + len(words)
        self.sums.append(sums)
        self.waiting += sums.numel()
        if self.waiting >= MOST_SUMS:
            self._accumulate()
        return lambda: self._digests()[start * DIGEST : stop * DIGEST]

    def _bring(self, flat: Any) -> Later[bytes]:
        parcel, start, size = self.parcel, self.parcel.size, len(flat)
        parcel.pieces.append(flat)
        parcel.size += size
        if parcel.size >= MOST_SMALL:
            self._send()
        return lambda: parcel.digests(start, size)

    def _send(self) -> None:
        parcel, self.parcel = self.parcel, Parcel()
        if parcel.pieces:
            pieces, parcel.pieces = parcel.pieces, []
            parcel.here = self.fetch(sys.modules["torch"].cat(pieces))()

    def _accumulate(self) -> None:
        if self.sums:
            sums, self.sums, self.waiting = self.sums, [], 0
            self.lanes.append(accumulate(sys.modules["torch"].cat(sums)))

    def compute(self) -> None:
        """Have the digests computed; RuntimeError where the device lacks an operation, or memory for it."""
        try:
            with self._in_its_stream():
                self._accumulate()
                self._send()
        except RuntimeError:
            self.failed, self.sums, self.lanes, self.parcel = True, [], [], Parcel()
            raise

    def start(self) -> None:
        """Have all that was asked for come; digests that the device cannot compute do not."""
        with contextlib.suppress(RuntimeError):
            self.compute()
            with self._in_its_stream():
                if self.lanes:
                    self.found["lanes"] = self.fetch(sys.modules["torch"].cat(self.lanes))()
        self.lanes = []
        if self.stream is not None:
            self.event = self.module.Event()
            self.event.record(self.stream)

    def is_here(self) -> bool:
        """Tell whether all has come."""
        return self.event is None or bool(self.event.query())

    def wait(self) -> None:
        """Wait for it."""
        if self.event is not None:
            self.event.synchronize()

    def _in_its_stream(self) -> Any:
        return contextlib.nullcontext() if self.stream is None else self.module.stream(self.stream)

    def _digests(self) -> bytes:
        if "digests" not in self.found:
            self.found["digests"] = finish(self.found.pop("lanes"))
        found: bytes = self.found["digests"]
        return found


def _words(flat: Any) -> Any:
    """Return bytes as rows of 64-bit words, a chunk each."""
    aligned = flat.storage_offset() % 8 == 0 and flat.data_ptr() % 8 == 0
    return (flat if aligned else flat.clone()).view(sys.modules["torch"].int64).view(-1, WORDS)
