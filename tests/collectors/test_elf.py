import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.collectors._elf import read_build_id
from envprint.collectors._maps import mapped_files

BUILD_ID = bytes(range(20))


def note(name: bytes, content: bytes, kind: int, order: str = "<") -> bytes:
    def pad(data: bytes) -> bytes:
        return data + b"\0" * (-len(data) % 4)

    return struct.pack(order + "III", len(name), len(content), kind) + pad(name) + pad(content)


def elf(notes: bytes, *, bits: int = 64, order: str = "<") -> bytes:
    """Return an ELF file that is nothing but its header, one segment and its notes."""
    ident = b"\x7fELF" + bytes([1 if bits == 32 else 2, 1 if order == "<" else 2, 1]) + bytes(9)
    if bits == 32:
        header = ident + struct.pack(order + "HHIIIIIHHHHHH", 3, 3, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        return header + struct.pack(order + "IIIIIIII", 4, 84, 84, 84, len(notes), len(notes), 4, 4) + notes
    header = ident + struct.pack(order + "HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack(order + "IIQQQQQQ", 4, 4, 120, 120, 120, len(notes), len(notes), 4) + notes


def reader(content: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, size: content[offset : offset + size]


NOTES = note(b"GNU\0", b"\0\0\0\0", 1) + note(b"stapsdt\0", b"12345", 3) + note(b"GNU\0", BUILD_ID, 3)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_build_id_is_found_in_every_class_and_byte_order(bits: int, order: str) -> None:
    notes = note(b"GNU\0", b"\0\0\0\0", 1, order) + note(b"GNU\0", BUILD_ID, 3, order)

    assert read_build_id(reader(elf(notes, bits=bits, order=order))) == BUILD_ID.hex()


def test_a_file_without_notes_has_no_build_id() -> None:
    assert read_build_id(reader(elf(b""))) is None


def test_a_note_of_the_same_kind_by_another_owner_is_no_build_id() -> None:
    assert read_build_id(reader(elf(note(b"stapsdt\0", BUILD_ID, 3)))) is None


@given(st.integers(min_value=0, max_value=len(elf(NOTES))))
def test_a_truncated_file_has_its_build_id_or_none(length: int) -> None:
    assert read_build_id(reader(elf(NOTES)[:length])) in {None, BUILD_ID.hex()}


@given(st.lists(st.tuples(st.integers(min_value=6, max_value=len(elf(NOTES)) - 1), st.integers(0, 255)), max_size=12))
def test_a_hostile_file_costs_nothing_but_its_build_id(changes: list[tuple[int, int]]) -> None:
    content = bytearray(elf(NOTES))
    for at, value in changes:
        content[at] = value
    asked: list[int] = []

    def read(offset: int, size: int) -> bytes:
        asked.append(size)
        return bytes(content[offset : offset + size])

    found = read_build_id(read)

    assert found is None or len(found) <= 128
    assert max(asked) <= 0xFFFF * 128


@given(st.binary(max_size=300), st.booleans())
def test_bytes_that_begin_like_elf_never_raise(rest: bytes, in_memory: bool) -> None:  # noqa: FBT001 - hypothesis' way
    found = read_build_id(reader(b"\x7fELF" + rest), in_memory=in_memory)

    assert found is None or len(found) <= 128


def test_an_address_beyond_any_file_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "odd.so"
    content = bytearray(elf(NOTES))
    content[64 + 8 : 64 + 16] = b"\xff" * 8  # the offset of the segment
    path.write_bytes(content)
    with path.open("rb", buffering=0) as file:
        found = read_build_id(lambda offset, size: os.pread(file.fileno(), size, offset))

    assert found is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_the_image_in_memory_says_what_the_file_says() -> None:
    library = next(file for file in mapped_files() if "/libm.so" in file.path or "/libc.so" in file.path)
    with Path(library.path).open("rb", buffering=0) as file, Path("/proc/self/mem").open("rb", buffering=0) as memory:
        in_file = read_build_id(lambda offset, size: os.pread(file.fileno(), size, offset))
        in_memory = read_build_id(
            lambda offset, size: os.pread(memory.fileno(), size, library.address + offset), in_memory=True
        )

    assert in_file is not None
    assert in_memory == in_file
