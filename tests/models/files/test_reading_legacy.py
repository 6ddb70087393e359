import pickle
from pathlib import Path

import pytest
from _pickles import PROTO, STORAGE, number, storage, tensor, text
from _stored_trees import content

from envprint.errors import CheckpointError
from envprint.models.files import open_model
from envprint.models.files.torch_legacy import MAGIC, PROTOCOL


def written(
    path: Path,
    described: bytes,
    keys: object = ("0",),
    held: bytes = STORAGE,
    count: int = 16,
    protocol: int = PROTOCOL,
) -> Path:
    head = b"".join(pickle.dumps(part, 2) for part in (MAGIC, protocol, {"little_endian": True}))
    listed = pickle.dumps(list(keys) if isinstance(keys, tuple) else keys, 2)
    path.write_bytes(head + PROTO + described + b"." + listed + count.to_bytes(8, "little", signed=True) + held)
    return path


def part(first: int, length: int) -> bytes:
    return b"(" + text("view") + number(first) + number(length) + b"t"


def test_a_part_of_a_storage_begins_where_it_says(tmp_path: Path) -> None:
    seen = tensor(offset=1, shape=(2,), held=storage(part=part(4, 3)))

    with open_model(written(tmp_path / "model.pt", seen)) as stored:
        assert STORAGE[20:28] == content(stored.tree)


@pytest.mark.parametrize(("first", "length"), [(14, 3), (-1, 3), (0, 17), (4, -1), (4, 2)])
def test_a_part_that_is_none_is_refused(first: int, length: int, tmp_path: Path) -> None:
    path = written(tmp_path / "model.pt", tensor(shape=(3,), held=storage(part=part(first, length))))

    with pytest.raises(CheckpointError, match="storage"), open_model(path):
        pass


BROKEN: dict[str, dict[str, object]] = {
    "another protocol": {"protocol": 1000},
    "no list of keys": {"keys": {"0": 1}},
    "key that is a list": {"keys": ([],)},
    "key that is not known": {"keys": ("1",)},
    "key twice": {"keys": ("0", "0")},
    "no keys": {"keys": ()},
    "fewer numbers": {"count": 15},
    "more numbers": {"count": 17},
    "numbers of 2**62": {"count": 2**62},
    "negative numbers": {"count": -1},
    "cut off": {"held": STORAGE[:-1]},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_broken_is_refused(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "model.pt", tensor(), **BROKEN[name])  # type: ignore[arg-type] # as the table has them

    with pytest.raises(CheckpointError, match=r"model\.pt"), open_model(path):
        pass


def test_pickles_that_are_longer_than_the_first_window_are_read(tmp_path: Path) -> None:
    long = b"}(" + text("text") + text("a" * (2 << 20)) + text("tensor") + tensor() + b"u"

    with open_model(written(tmp_path / "model.pt", long)) as stored:
        assert STORAGE == content(stored.tree["tensor"])
