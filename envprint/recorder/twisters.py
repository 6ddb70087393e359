"""The Mersenne Twisters of Python and numpy, read in their memory: to ask for a state takes ten to a hundred times it.

random.getstate() makes 625 integers, and numpy.random.get_state() sets as many items of an array, one by one: behind a
step that took the processor's caches that is 50 and 80 µs. A memory is trusted as long as it holds what they told.
"""

import array
import ctypes
import functools
import struct
import sys
from typing import Any

SIZE = 4 * 625  # bytes of the words of a generator, and of its position
CONTENT = ctypes.c_ubyte * SIZE
WAITING = struct.Struct("@id")  # whether a number of a normal distribution waits, and which: they are made two by two
TWISTERS = frozenset({"MT19937", "NoneType"})  # kinds that have a state of words; of others numpy warns if asked for it
MARK = -1.25e-200  # a number that waits nowhere else


def python_state() -> Any:
    """Return the state of Python's generator: a tuple of 625 integers, or the bytes of its memory, position first."""
    import random

    memory = _memory_of(getattr(random, "_inst", None))
    return random.getstate()[1] if memory is None else bytes(memory)


def words_of(state: Any) -> tuple[int, ...]:
    """Return the 625 integers of what `python_state` returned."""
    if isinstance(state, bytes):
        position, *words = array.array("I", state)
        return (*words, position)
    return tuple(state)


@functools.lru_cache(maxsize=1)  # which keeps the generator, and so its memory
def _memory_of(generator: Any) -> Any:
    """Return the memory of Python's generator; None where it isn't laid out as in CPython's Modules/_randommodule.c."""
    import random

    base: Any = getattr(sys.modules.get("_random"), "Random", None)
    start = object.__basicsize__
    if base is None or not isinstance(generator, base) or base.__basicsize__ < start + SIZE:
        return None
    memory = CONTENT.from_address(id(generator) + start)
    return memory if words_of(bytes(memory)) == random.getstate()[1] else None


class NumpyTwister:
    """The generator that numpy's functions draw from, and its state when it was asked for the last time."""

    def __init__(self) -> None:
        self.known: tuple[Any, Any] = None, None
        self.memories: tuple[Any, ...] = ()
        self.seen: list[bytes] = []
        self.state: Any = None

    def read(self, numpy: Any) -> Any:
        """Return the state as numpy.random.get_state() has it: asked for anew where the memory holds another."""
        holder = numpy.random.mtrand._rand  # noqa: SLF001 - numpy.random's functions are its methods
        generator = getattr(holder, "_bit_generator", None)
        if self.known == (holder, generator) and self.seen == list(map(bytes, self.memories)):
            return self.state
        self.known, kind = (None, None), type(generator).__name__
        self.state = numpy.random.get_state(legacy=kind in TWISTERS)
        if kind == "MT19937":
            self._trust(holder, generator)
        return self.state

    def _trust(self, holder: Any, generator: Any) -> None:
        """Look at the memory from now on, if it holds what was told."""
        kind: Any = type(holder)
        if (place := place_of_waiting(kind)) is None:
            return
        waiting = (ctypes.c_ubyte * WAITING.size).from_address(id(holder) + place)
        self.memories = CONTENT.from_address(generator.ctypes.state_address), waiting
        self.seen = list(map(bytes, self.memories))
        _, words, position, *others = self.state
        if self.seen[0] == words.tobytes() + struct.pack("@i", position) and WAITING.unpack(self.seen[1]) == (*others,):
            self.known = holder, generator


@functools.lru_cache(maxsize=1)
def place_of_waiting(kind: Any) -> int | None:
    """Return where in a RandomState it stands which number waits; None where one that is given to it isn't found."""
    made = kind(0)
    memory = (ctypes.c_ubyte * kind.__basicsize__).from_address(id(made))
    name, words, position, *_ = made.get_state()
    made.set_state((name, words, position, 1, MARK))
    place = bytes(memory).find(struct.pack("@d", MARK)) - (WAITING.size - struct.calcsize("@d"))
    if place < 0 or WAITING.unpack_from(memory, place) != (1, MARK):
        return None
    made.set_state((name, words, position, 0, 0.0))
    return place if WAITING.unpack_from(memory, place) == (0, 0.0) else None
