"""The Mersenne Twister of torch's processor, read in its memory, which is quicker than to ask for its state.

What torch tells takes 5 kB: aten/src/ATen/CPUGeneratorImpl.cpp. The digest is that of the 624 words alone, with their
position before them as they lie in memory, and of normal numbers that wait, if any do.
"""

import array
import contextlib
import ctypes
import functools
import struct
from typing import Any

import xxhash

TOLD = struct.Struct("@QiIQ 624Q dddi4x f?3x")  # seed, left, seeded, position, words; what waits, and whether it does
SIZE = 4 * 625  # bytes of the position and the words
FEW, BEFORE = 64, 224  # as many bytes of these are looked for in so many of a generator
WAITING = struct.Struct("=4x f?3x d?")  # what stands behind the words: which normal numbers wait, and whether they do
AT = 8, 20  # where in it stands whether they do
MARKS = 1.25, -1.25e-200  # numbers that wait nowhere else


class Memory:
    """The memory of a generator: its position and words, and what tells whether normal numbers wait."""

    __slots__ = ("floats", "generator", "normals", "words")

    def __init__(self, generator: Any, start: int) -> None:
        self.generator = generator  # which keeps it where it is
        self.words = (ctypes.c_ubyte * SIZE).from_address(start)
        self.floats, self.normals = (ctypes.c_bool.from_address(start + SIZE + place) for place in AT)


def digest_of(generator: Any) -> str:
    """Return the digest of the state of a generator of the processor: equal ones draw equal numbers from there on."""
    memory = memory_of(generator)
    if memory is None or memory.floats.value or memory.normals.value:
        return digest(_content_of(generator.get_state()))
    return digest(memory.words)


def digest(content: Any) -> str:
    """Return the digest of the bytes of a state."""
    return f"xxh3-128:{xxhash.xxh3_128_hexdigest(content)}"


def memory_of(generator: Any) -> Memory | None:
    """Return the memory of a generator; None where it isn't laid out as in aten/src/ATen/CPUGeneratorImpl.h."""
    with contextlib.suppress(RuntimeError):  # of a torch that takes no such state, or of a mode that is on for now
        return _found(generator)
    return None


@functools.lru_cache(maxsize=1)
def _found(generator: Any) -> Memory | None:
    kind: Any = type(generator)
    if (place := _place(kind)) is None:
        return None
    memory = Memory(generator, generator._cdata + place)  # noqa: SLF001
    return memory if bytes(memory.words) == _content_of(generator.get_state())[:SIZE] else None


@functools.lru_cache(maxsize=1)
def _place(kind: Any) -> int | None:
    """Return where in a generator its position and words are, if what waits stands behind them."""
    made = kind()
    state = made.get_state()
    if not isinstance(getattr(made, "_cdata", None), int) or state.numel() != TOLD.size:
        return None
    content = _content_of(state)
    place = ctypes.string_at(made._cdata, BEFORE).find(content[:FEW])  # noqa: SLF001
    if place < 0 or ctypes.string_at(made._cdata + place, SIZE) != content[:SIZE]:  # noqa: SLF001
        return None
    behind = made._cdata + place + SIZE  # noqa: SLF001
    seed, left, seeded, position, *words = TOLD.unpack(ctypes.string_at(state.data_ptr(), TOLD.size))
    for waits in ((True, True), (False, True), (True, False), (False, False)):
        numbers = words[:624]
        told = TOLD.pack(seed, left, seeded, position, *numbers, 0.0, MARKS[1], 0.0, waits[1], MARKS[0], waits[0])
        ctypes.memmove(state.data_ptr(), told, TOLD.size)
        made.set_state(state)
        first, is_first, second, is_second = WAITING.unpack(ctypes.string_at(behind, WAITING.size))
        if (is_first, is_second) != waits or (is_first and first != MARKS[0]) or (is_second and second != MARKS[1]):
            return None
    return place


def _content_of(state: Any) -> bytes:
    """Return what a digest is made of, of what torch tells; all of it where that has another form."""
    told = ctypes.string_at(state.data_ptr(), state.numel())
    if len(told) != TOLD.size:
        return told
    _, _, _, position, *rest = TOLD.unpack(told)
    words, waiting = rest[:624], rest[624:]
    content = array.array("I", (position, *words)).tobytes()
    return content + repr(waiting).encode() if waiting[3] or waiting[5] else content
