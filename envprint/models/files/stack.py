"""The stack of a pickle that is read, its memo, and the dicts, sets and lists that it fills."""

import itertools
from typing import Any

from envprint.models.files.symbols import CutOff, Draft, Global, Instance, Storage, Unsound

WIDEST_KEY = 1 << 63
MOST_MADE = 500_000  # 3000 tensors take 10 000
MOST_MARKS = 1000
NESTED_KEY = 2  # tuples in one another


class Stack:
    """The bytes of a pickle, what is on its stack since the last mark and below each mark, its memo, its storages."""

    __slots__ = ("below", "data", "made", "memo", "storages", "top")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.top: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.made = 0  # lists, dicts, sets, and what was called
        self.storages: dict[str, Storage] = {}  # by key, the first that has it

    def make(self, value: Any) -> None:
        """Put on the stack what takes memory, and more time than its few bytes suggest."""
        self.made += 1
        if self.made > MOST_MADE:
            raise Unsound(f"it makes more than {MOST_MADE} objects")
        self.top.append(value)

    def mark(self) -> None:
        """Begin a new stack on top of this one."""
        if len(self.below) > MOST_MARKS:
            raise Unsound(f"it is more than {MOST_MARKS} deep")
        self.below.append(self.top)
        self.top = []

    def since_mark(self) -> list[Any]:
        """Take what was put on the stack since the last mark."""
        items = self.top
        self.top = self.below.pop()
        return items

    def last(self, count: int) -> list[Any]:
        """Take so many from the top."""
        if len(self.top) < count:
            raise Unsound("it takes what is not there")
        items = self.top[-count:]
        del self.top[-count:]
        return items

    def read(self, at: int, length: int) -> bytes:
        """Return so many bytes of the pickle."""
        if at + length > len(self.data):
            raise CutOff("it ends too early")
        return self.data[at : at + length]


def set_items(target: Any, items: list[Any]) -> None:
    """Put keys and values, which take turns, into a dict, or into an object of a class that may be one."""
    if len(items) % 2:
        raise Unsound("a key of it has no value")
    if type(target) is Instance:
        target.items = into = target.items if isinstance(target.items, dict) else {}
    elif type(target) is dict:
        into = target
    else:
        raise Unsound(f"it puts keys into a {type(target).__name__}")
    for key, value in zip(itertools.islice(items, 0, None, 2), itertools.islice(items, 1, None, 2), strict=True):
        into[key if type(key) is str else sound_key(key)] = value


def add_items(target: Any, items: list[Any]) -> None:
    """Put items into a list, a set, or an object of a class that may be one."""
    if type(target) is set:
        target.update(map(sound_key, items))
        return
    if type(target) is Instance:
        target.items = into = target.items if isinstance(target.items, list) else []
    elif type(target) is list:
        into = target
    else:
        raise Unsound(f"it appends to a {type(target).__name__}")
    into.extend(items)


def sound_key(key: Any, depth: int = NESTED_KEY) -> Any:
    """Return a key of a dict; raise where looking for it could take for ever, as with large numbers of one hash."""
    kind = type(key)
    if kind is str or (kind is int and -WIDEST_KEY <= key < 2 * WIDEST_KEY):
        return key
    if kind in {bytes, float, bool, type(None), Global, Instance, Draft, Storage}:
        return key
    if kind is tuple and depth:
        return tuple(sound_key(part, depth - 1) for part in key)
    raise Unsound(f"a key of it is a {kind.__name__}")
