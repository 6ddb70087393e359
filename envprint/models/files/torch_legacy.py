"""What torch.save wrote before 1.6, and still does when asked: pickles one after another, then the numbers.

https://github.com/pytorch/pytorch/blob/v2.13.0/torch/serialization.py, _legacy_save: a magic number, the version of the
protocol, facts of the system, the object, the keys of its storages; then of each storage how many numbers it has, in 8
bytes, and those, little-endian on every machine.
"""

from collections.abc import Callable
from typing import Any

from envprint.checkpoints.disk import refused
from envprint.models.files.dtypes import SIZES
from envprint.models.files.finishing import Finishing
from envprint.models.files.pickled import LARGEST_PICKLE, Pickled, read_pickle
from envprint.models.files.source import Source
from envprint.models.files.stored import Stored
from envprint.models.files.symbols import CutOff, Storage, Unsound

NAME = "torch legacy"
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
COUNT = 8  # bytes
WINDOWS = 1 << 20, 16 << 20, LARGEST_PICKLE  # where the pickles end is known once they are read
WHOLE = "is it whole? save it again"


def begins_legacy(content: bytes) -> bool:
    """Tell whether a file begins with torch's magic number."""
    try:
        return bool(read_pickle(content).value == MAGIC)
    except Unsound:
        return False


def read_legacy(source: Source) -> Stored:
    """Return what such a file holds."""
    try:
        found, keys = _pickles(source)
        tree = Finishing(source, _locator(found, _starts(source, found, keys))).tree(found.value)
    except (Unsound, RecursionError) as exc:
        raise refused(source.path, f"cannot be read as torch's: of its pickles, {exc}", WHOLE) from exc
    return Stored(source.path, NAME, tree, files=(source.path,))


def _locator(found: Pickled, starts: dict[str, tuple[int, int]]) -> Callable[[Storage], int]:
    def locate(storage: Storage) -> int:
        start, count = starts.get(storage.key, (0, -1))
        if count < storage.first + storage.count or storage.dtype != found.storages[storage.key].dtype:
            raise Unsound(f"its storage {storage.key:.60} is not there, or too small")
        return start

    return locate


def _pickles(source: Source) -> tuple[Pickled, Pickled]:
    """Return the pickles of the object and of the keys, from no more of the file than they need."""
    for size in WINDOWS:
        data = source.read(0, min(size, source.size))
        try:
            version = read_pickle(data, read_pickle(data).stop)
            if version.value != PROTOCOL:
                raise Unsound(f"the protocol is not {PROTOCOL}")
            found = read_pickle(data, read_pickle(data, version.stop).stop)
            return found, read_pickle(data, found.stop)
        except CutOff:
            if len(data) == source.size:
                raise
    raise Unsound(f"they have more than {LARGEST_PICKLE} bytes")


def _starts(source: Source, found: Pickled, keys: Pickled) -> dict[str, tuple[int, int]]:
    """Return of each storage where its numbers begin, and how many there are."""
    if type(keys.value) is not list:
        raise Unsound("the storages are not listed")
    starts: dict[str, tuple[int, int]] = {}
    at = keys.stop
    for key in map(_text, keys.value):
        count = int.from_bytes(source.read(at, COUNT), "little")
        if key not in found.storages or key in starts:
            raise Unsound(f"the storage {key:.60} is not known, or there twice")
        starts[key] = at + COUNT, count
        at += COUNT + count * SIZES[found.storages[key].dtype]
        if at > source.size:
            raise source.cut_off()
    return starts


def _text(key: Any) -> str:
    if not isinstance(key, str | int):
        raise Unsound("a storage has no name")
    return str(key)
