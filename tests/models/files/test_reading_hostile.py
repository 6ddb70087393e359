import tracemalloc
import zipfile
from pathlib import Path

import pytest
from _pickles import PROTO, STORAGE, archive, called, number, numbers, storage, tensor, text
from _stored_trees import content

from envprint.errors import CheckpointError
from envprint.models.files import Opaque, open_model

BEYOND = {
    "offset": tensor(offset=1),
    "negative offset": tensor(offset=-1),
    "shape": tensor(shape=(17,)),
    "negative shape": tensor(shape=(-1,)),
    "stride": tensor(shape=(2, 8), stride=(9, 1)),
    "negative stride": tensor(offset=15, shape=(16,), stride=(-1,)),
    "shape of 2**62": tensor(shape=(2**62,), stride=(0,)),
    "shapes that overflow": tensor(shape=(2**61, 2**61), stride=(0, 0)),
    "the same numbers for ever": tensor(shape=(2**40,), stride=(0,)),
    "other count of strides": tensor(shape=(4, 4), stride=(1,)),
    "65 axes": tensor(shape=(1,) * 65, stride=(1,) * 65),
    "storage that is not there": tensor(held=storage("1")),
    "storage of a path": tensor(held=storage("../version")),
    "storage larger than its record": tensor(held=storage(count=17)),
    "storage of negative size": tensor(shape=(0,), held=storage(count=-1)),
    "storage of no kind": tensor(held=storage(kind="FluentStorage")),
    "no storage": tensor(held=number(3)),
    "no arguments": called("torch._utils._rebuild_tensor_v2"),
    "arguments that are no tuple": b"ctorch._utils\n_rebuild_tensor_v2\n]R",
    "persistent id that is no tuple": number(7) + b"Q",
    "persistent id of nothing": b")Q",
    "persistent id of another kind": b"(" + text("file") + text("/etc/passwd") + b"tQ",
}
UNSOUND = {
    "nothing": b"",
    "no end": PROTO + b"N",
    "nothing on the stack": PROTO + b".",
    "append to nothing": PROTO + b"Na.",
    "append to a number": PROTO + b"K\1K\2a.",
    "key without a value": PROTO + b"}(K\1u.",
    "key that is a list": PROTO + b"}]K\1s.",
    "key of numbers of one hash": PROTO + b"}" + number(2**64 + 1) + b"Ns.",
    "state of a number": PROTO + b"K\1}b.",
    "no mark": PROTO + b"t.",
    "no memo": PROTO + b"h\7.",
    "three of two": PROTO + b"NN\x87.",
    "text that is cut off": PROTO + b"X\xff\xff\xff\x7fab.",
    "text of 2**63 bytes": PROTO + b"\x8d" + b"\xff" * 8 + b".",
    "number of 2**31 bytes": PROTO + b"\x8b\xff\xff\xff\x7f.",
    "number of 256 bytes": PROTO + b"\x8b\0\1\0\0" + bytes(256) + b".",
    "extension of copyreg": PROTO + b"\x82\1.",
    "protocol 0": b"(dp0\n.",
    "class without an end": PROTO + b"cos" + b"x" * 10_000 + b"\nsystem\n.",
    "class of numbers": PROTO + b"K\1K\2\x93.",
    "buffer outside": PROTO + b"\x97.",
    "no instruction": PROTO + b"\xff.",
}


@pytest.mark.parametrize("name", BEYOND)
def test_a_tensor_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "model.pt", PROTO + BEYOND[name] + b".")

    with pytest.raises(CheckpointError, match=r"model\.pt") as raised, open_model(path):
        pass
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", UNSOUND)
def test_a_pickle_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "model.pt", UNSOUND[name])

    with pytest.raises(CheckpointError, match=r"model\.pt cannot be read as torch's") as raised, open_model(path):
        pass
    assert "\n" not in str(raised.value)


def test_nothing_that_a_pickle_names_is_imported_or_called(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    call = called("os.system", text(f"touch {mark}"))
    path = archive(tmp_path / "model.pt", PROTO + b"(" + call + called("no.such.module", call) + b"cantigravity\nx\nt.")

    with open_model(path) as stored:
        first, second, third = stored.tree
    assert ("os.system", (f"touch {mark}",)) == (first.name, first.arguments)
    assert ("no.such.module", "os.system") == (second.name, second.arguments[0].name)
    assert ("antigravity.x", None) == (third.name, third.arguments)
    assert not mark.exists()


def test_a_state_is_kept_and_not_applied(tmp_path: Path) -> None:
    made = b"cevil\nThing\n)\x81}" + text("__class__") + text("x") + b"sb"
    path = archive(tmp_path / "model.pt", PROTO + made + b".")

    with open_model(path) as stored:
        assert type(stored.tree) is Opaque
        assert ("evil.Thing", (), {"__class__": "x"}) == (stored.tree.name, stored.tree.arguments, stored.tree.state)


def test_what_contains_itself_ends_where_it_begins(tmp_path: Path) -> None:
    for cycle in (b"]q\0h\0a.", b"]q\0(h\0ta.", b"}q\0K\1h\0s.", b"cm\nC\n)\x81q\0h\0b."):
        with open_model(archive(tmp_path / "model.pt", PROTO + cycle)) as stored:
            assert "what it is a part of" in repr(stored.tree)


@pytest.mark.parametrize("nest", [b"]", b")\x85", b"}"])
def test_what_is_nested_too_deep_is_refused(nest: bytes, tmp_path: Path) -> None:
    inner = {b"]": b"a", b")\x85": b"", b"}": b"s"}[nest]
    deep = {b"]": b"]" * 100_000 + inner * 99_999, b")\x85": b")" + b"\x85" * 100_000,
            b"}": b"}K\1" * 100_000 + b"N" + inner * 100_000}[nest]  # fmt: skip
    path = archive(tmp_path / "model.pt", PROTO + deep + b".")

    with pytest.raises(CheckpointError, match="deep"), open_model(path):
        pass


def test_a_tuple_as_a_key_is_not_followed_deep(tmp_path: Path) -> None:
    path = archive(tmp_path / "model.pt", PROTO + b"})" + b"\x85" * 100_000 + b"Ns.")

    with pytest.raises(CheckpointError, match="key"), open_model(path):
        pass


def test_a_list_of_lists_of_the_same_list_is_refused(tmp_path: Path) -> None:
    doubled = b"".join(b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(60))
    path = archive(tmp_path / "model.pt", PROTO + b"]q\0" + doubled + b".")

    with pytest.raises(CheckpointError, match="parts"), open_model(path):
        pass


@pytest.mark.parametrize(
    "code", [b"}", b"(", *(pytest.param(code, marks=pytest.mark.slow) for code in (b"]", b"\x8f", b"h\0)R"))]
)
def test_what_makes_many_objects_of_few_bytes_is_refused(code: bytes, tmp_path: Path) -> None:
    path = archive(tmp_path / "model.pt", PROTO + b"cm\nC\nq\0(" + code * 500_001 + b"t.")

    with pytest.raises(CheckpointError, match="more than"), open_model(path):
        pass


def test_a_memo_of_a_large_number_takes_no_memory(tmp_path: Path) -> None:
    path = archive(tmp_path / "model.pt", PROTO + b"Nr\xff\xff\xff\xffj\xff\xff\xff\xff.")

    tracemalloc.start()
    with open_model(path) as stored:
        assert stored.tree is None
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_overlapping_and_repeated_numbers_are_read(tmp_path: Path) -> None:
    windows = tensor(shape=(7, 4), stride=(2, 1))
    path = archive(tmp_path / "model.pt", PROTO + b"(" + windows + tensor(shape=(3, 16), stride=(0, 1)) + b"t.")

    with open_model(path) as stored:
        overlapping, repeated = stored.tree
        assert b"".join(STORAGE[8 * i : 8 * i + 16] for i in range(7)) == content(overlapping)
        assert STORAGE * 3 == content(repeated)


def test_half_a_surrogate_becomes_text_that_can_be_written(tmp_path: Path) -> None:
    path = archive(tmp_path / "model.pt", PROTO + b"X\3\0\0\0\xed\xa0\x80.")

    with open_model(path) as stored:
        stored.tree.encode()


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "model.pt", PROTO + tensor() + b".", method=zipfile.ZIP_DEFLATED)

    with pytest.raises(CheckpointError, match="compressed"), open_model(path):
        pass


def test_what_torch_packs_into_partial_sums_of_bytes_stays_an_object(tmp_path: Path) -> None:
    parts = storage(kind="QUInt4x2Storage"), number(0), numbers(32), numbers(1), numbers(), b"\x89", b"N"
    path = archive(tmp_path / "model.pt", PROTO + called("torch._utils._rebuild_qtensor", *parts) + b".")

    with open_model(path) as stored:
        assert stored.tree.name == "torch._utils._rebuild_qtensor"
