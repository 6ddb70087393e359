"""Read what Linux shows of a machine as many small files under /proc and /sys, without a Path object for each."""

import os
from collections.abc import Iterator
from pathlib import Path

from envprint.manifest.gaps import Absent

BLOCK_BYTES = 4096


def read_first_block(path: Path | str) -> str:
    """Return a file up to its first empty line; a file that is not there raises Absent.

    /proc/cpuinfo has a block a processor, made while it is read: all 256 of them take the kernel over ten milliseconds.
    """
    content = bytearray()
    handle = _open(path)
    try:
        while b"\n\n" not in content and (piece := os.read(handle, BLOCK_BYTES)):
            content += piece
    finally:
        os.close(handle)
    return content.partition(b"\n\n")[0].decode("utf-8", errors="replace")


def read_small(path: Path | str) -> str:
    """Return the text of a file that fits one page, as those of /sys do; a file that is not there raises Absent."""
    handle = _open(path)
    try:
        return os.read(handle, BLOCK_BYTES).decode("utf-8", errors="replace").strip()
    finally:
        os.close(handle)


def read_folder(folder: Path | str) -> dict[str, str]:
    """Return the text of each file in a folder by name; a folder that is not there raises Absent."""
    return {name: read_small(f"{folder}/{name}") for name in sorted(list_folder(folder))}


def list_folder(folder: Path | str) -> list[str]:
    """Return the names in a folder, unordered; a folder that is not there raises Absent."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are all that is asked for
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise Absent(f"there is no {folder}") from exc


def count_cpus(listed: str) -> int:
    """Return how many processors a list such as `0-31,64-95` names."""
    return sum(int(last or first) - int(first) + 1 for first, last in _ranges(listed))


def _ranges(listed: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, listed.strip().split(",")):
        first, _, last = part.partition("-")
        yield first, last


def _open(path: Path | str) -> int:
    # a bare descriptor: six times faster than a buffered file object, for files of a few bytes
    try:
        return os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise Absent(f"there is no {path}") from exc
