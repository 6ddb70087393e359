"""torch's zip files: a pickle, and a record for each storage.

https://github.com/pytorch/pytorch/blob/v2.13.0/torch/serialization.py, _save; TorchScript has code besides.
"""

from collections.abc import Mapping
from typing import Any

from envprint.checkpoints.disk import read_at, refused
from envprint.checkpoints.zip_archive import VERSIONS, root_of
from envprint.checkpoints.zip_ends import find_end
from envprint.checkpoints.zip_records import ENCRYPTED, RECORD, RECORD_MARK, STORED, Entry, read_entries
from envprint.models.files.dtypes import SIZES
from envprint.models.files.finishing import Finishing
from envprint.models.files.pickled import LARGEST_PICKLE, read_pickle
from envprint.models.files.source import Source, unknown
from envprint.models.files.stored import Stored
from envprint.models.files.symbols import Storage, Unsound

ZIP, SCRIPT = "torch zip", "torchscript"
ORDERS = {b"little": False, b"big": True}
WHOLE = "is it whole? save it again"
Records = Mapping[bytes, Entry]


def read_torch_zip(source: Source) -> Stored:
    """Return what a zip of torch's holds; of TorchScript, the module and the constants of its code."""
    records, root = _records(source)
    swapped = _swapped(source, records, root)
    path = source.path
    if root + b"/constants.pkl" in records:
        names = {"module": (b"/data.pkl", b"/data/"), "constants": (b"/constants.pkl", b"/constants/")}
        parts = {
            name: _tree(source, records, root + pickle, root + folder, swapped=swapped)
            for name, (pickle, folder) in names.items()
        }
        return Stored(path, SCRIPT, parts, files=(path,))
    tree = _tree(source, records, root + b"/data.pkl", root + b"/data/", swapped=swapped)
    return Stored(path, ZIP, tree, files=(path,))


def _records(source: Source) -> tuple[dict[bytes, Entry], bytes]:
    """Return the records by name, and the folder that all are in."""
    path = source.path
    end = find_end(source.file, source.size, path)
    if end is None:
        raise refused(path, "is a zip without an end", WHOLE)
    entries = read_entries(source.file, read_at(source.file, end.directory, end.directory_bytes), end, path)
    records = {entry.name: entry for entry in entries}
    root = root_of(entries[0].name) if entries else b""
    if not root or not any(root + version in records for version in VERSIONS):
        raise unknown(path, "a zip that torch has not written")
    if root + b"/data.pkl" not in records:
        raise refused(path, "is a zip of torch's without `data.pkl`; expected what torch.save or torch.jit.save writes")
    return records, root


def _swapped(source: Source, records: Records, root: bytes) -> bool:
    """Tell whether the numbers have their most significant byte first."""
    entry = records.get(root + b"/byteorder")
    order = b"little" if entry is None else _content(source, entry, 8)
    if order not in ORDERS:
        raise refused(source.path, f"has numbers in an unknown order of bytes: {order!r}")
    return ORDERS[order]


def _content(source: Source, entry: Entry, limit: int) -> bytes:
    if entry.size > limit:
        raise refused(source.path, f"has a record of {entry.size} bytes where envprint reads {limit}")
    return source.read(_start(source, entry), entry.size)


def _start(source: Source, entry: Entry) -> int:
    """Return where a record's content begins: its own head may have other fields than the directory."""
    path = source.path
    name = entry.name.decode(errors="replace")
    if entry.method != STORED or entry.flags & ENCRYPTED or entry.packed != entry.size:
        raise refused(path, f"has {name} compressed or encrypted; torch stores it as it is", "save it again with torch")
    head = source.read(entry.offset, RECORD.size + len(entry.name))
    mark, *_, name_length, extra_length = RECORD.unpack_from(head)
    if mark != RECORD_MARK or name_length != len(entry.name) or not head.endswith(entry.name):
        raise refused(path, "is a broken zip: its directory does not lead to the records that it names")
    start: int = entry.offset + len(head) + extra_length
    if start + entry.size > source.size:
        raise source.cut_off()
    return start


def _tree(source: Source, records: Records, pickle: bytes, folder: bytes, *, swapped: bool) -> Any:
    """Return the tree of a record that is a pickle, whose storages are in a folder."""
    starts: dict[bytes, int] = {}

    def locate(storage: Storage) -> int:
        name = folder + storage.key.encode()
        entry = records.get(name)
        if entry is None or (storage.first + storage.count) * SIZES[storage.dtype] > entry.size:
            raise Unsound(f"its storage {storage.key:.60} is not there, or too small")
        if name not in starts:
            starts[name] = _start(source, entry)
        return starts[name]

    name = pickle.decode(errors="replace")
    if pickle not in records:
        raise refused(source.path, f"lacks its record {name}", WHOLE)
    try:
        found = read_pickle(_content(source, records[pickle], LARGEST_PICKLE))
        return Finishing(source, locate, swapped=swapped).tree(found.value)
    except (Unsound, RecursionError) as exc:
        raise refused(source.path, f"cannot be read as torch's: of its {name}, {exc}", WHOLE) from exc
