"""Read the build id of an ELF file, or of its image in memory, with a few small reads and no trust in what it says."""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

Read = Callable[[int, int], bytes]  # (offset, size) -> at most size bytes

PT_NOTE = 4
NT_GNU_BUILD_ID = 3
LIMIT_SEGMENTS = 128
LIMIT_NOTES_BYTES = 64 * 1024
LIMIT_BUILD_ID_BYTES = 64


class _Layout(NamedTuple):
    """Where the fields lie in one ELF class, and their formats (elf(5))."""

    header: str
    header_at: int
    segment: str
    offset_at: int
    address_at: int
    size_at: int


_LAYOUTS = {
    1: _Layout(header="I10xHH", header_at=28, segment="IIIIIIII", offset_at=1, address_at=2, size_at=4),
    2: _Layout(header="Q14xHH", header_at=32, segment="IIQQQQQQ", offset_at=2, address_at=3, size_at=5),
}
_ORDERS = {1: "<", 2: ">"}


def read_build_id(read: Read, *, in_memory: bool = False) -> str | None:
    """Return the GNU build id in hexadecimal, None where there is none or where this is no whole ELF file.

    In memory segments lie at their addresses, in a file at their offsets.
    """
    try:
        return next(_build_ids(read, in_memory=in_memory), None)
    except (struct.error, OverflowError):  # cut short, or a place that no file has
        return None


def _build_ids(read: Read, *, in_memory: bool) -> Iterator[str]:
    start = read(0, 64).ljust(6, b"\0")
    if start[:4] != b"\x7fELF" or start[4] not in _LAYOUTS or start[5] not in _ORDERS:
        return
    layout, order = _LAYOUTS[start[4]], _ORDERS[start[5]]
    table, entry_size, entries = struct.unpack_from(order + layout.header, start, layout.header_at)
    segment = struct.Struct(order + layout.segment)
    if entry_size < segment.size:
        return
    entries = min(entries, LIMIT_SEGMENTS)
    headers = read(table, entry_size * entries)
    for at in range(0, len(headers) - segment.size + 1, entry_size):
        fields = segment.unpack_from(headers, at)
        if fields[0] == PT_NOTE:
            place = fields[layout.address_at if in_memory else layout.offset_at]
            yield from _build_ids_of_notes(read(place, min(fields[layout.size_at], LIMIT_NOTES_BYTES)), order)


def _build_ids_of_notes(notes: bytes, order: str) -> Iterator[str]:
    """Yield the build ids among the notes of one segment.

    Names and descriptions are padded to 4 bytes, also where a segment of GNU properties is aligned to 8: their sizes
    are multiples of 8 there.
    """
    at = 0
    while at + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from(order + "III", notes, at)
        name_at = at + 12
        content_at = name_at + _padded(name_size)
        at = content_at + _padded(size)
        content = notes[content_at : content_at + size]
        named = kind == NT_GNU_BUILD_ID and notes[name_at : name_at + name_size] == b"GNU\0"
        if named and 0 < size <= LIMIT_BUILD_ID_BYTES and len(content) == size:
            yield content.hex()


def _padded(size: int) -> int:
    return (size + 3) & ~3
