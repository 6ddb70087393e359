"""One file that stays open while its tensors are read."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from envprint.checkpoints.disk import READING, read_at, refuse_irregular, refused, said_of
from envprint.errors import CheckpointError

CLOSED = -1


class Source:
    """A file, its descriptor and the size that it had when it was opened."""

    __slots__ = ("file", "path", "size")

    def __init__(self, path: Path, file: int, size: int) -> None:
        self.path = path
        self.file = file
        self.size = size

    def read(self, at: int, length: int) -> bytes:
        """Return so many bytes from an offset; raise where the file has fewer."""
        content = bytearray(max(0, min(length, self.size - at)))
        if len(content) < length:
            raise self.cut_off()
        self.read_into(memoryview(content), at)
        return bytes(content)

    def read_into(self, buffer: memoryview, at: int) -> None:
        """Fill a buffer from an offset; raise where the file has fewer bytes."""
        try:
            got = read_some(self.file, buffer, at)
            while got < len(buffer):
                more = read_some(self.file, buffer[got:], at + got)
                if not more:
                    raise self.cut_off()
                got += more
        except OSError as exc:
            said = "it was closed" if self.file == CLOSED else exc.strerror
            raise refused(self.path, f"cannot be read: {said}") from exc

    def pieces(self, start: int, length: int, size: int) -> Iterator[memoryview]:
        """Yield the bytes from an offset in one buffer, `size` at a time."""
        buffer = memoryview(bytearray(min(size, length)))
        stop = start + length
        while stop - start > size:
            self.read_into(buffer, start)
            yield buffer
            start += size
        if start < stop:
            rest = buffer[: stop - start]
            self.read_into(rest, start)
            yield rest

    def cut_off(self) -> CheckpointError:
        """Return the error that the file ends too early."""
        return refused(self.path, "ended before its tensors did", "is it whole? save it again")


def unknown(path: Path, what: str) -> CheckpointError:
    """Return the error that something is no model that can be read here."""
    met = f"is not a kind of model file whose tensors envprint reads, but {what}"
    return refused(path, f"{met}; expected torch, safetensors or a folder with one")


def _seek_and_read(file: int, buffer: memoryview, at: int) -> int:
    part = read_at(file, at, len(buffer))
    buffer[: len(part)] = part
    return len(part)


def _read_vector(file: int, buffer: memoryview, at: int) -> int:
    return os.preadv(file, [buffer], at)


read_some = _read_vector if hasattr(os, "preadv") else _seek_and_read  # Windows has none


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a regular file for as long as the context lasts; what goes wrong inside is not said to be of the file."""
    with said_of(path):
        file = os.open(path, READING)
    source = Source(path, file, 0)
    try:
        with said_of(path):
            status = os.fstat(file)
            refuse_irregular(path, status)
        source.size = status.st_size
        yield source
    finally:
        source.file = CLOSED
        os.close(file)
