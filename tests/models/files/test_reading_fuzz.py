"""Files that are real but for a few bytes: they give a tree, or are refused in a line."""

import contextlib
import io
import itertools
import pickletools
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from _pickles import PROTO, archive, called, tensor, text
from _stored_trees import tensors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envprint.errors import CheckpointError
from envprint.models.files import open_model

KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=5000, max_examples=150)
CODES = b"".join(code.code.encode("latin-1") for code in pickletools.opcodes)
PICKLE = (
    PROTO
    + b"}("
    + text("a")
    + tensor(shape=(4, 4), stride=(1, 4))
    + text("b")
    + called("torch._utils._rebuild_parameter", tensor(), b"\x88", b"N")
    + text("c")
    + b"cm\nC\n)\x81}q\1"
    + text("d")
    + b"](K\1K\2eq\2sb"
    + b"u."
)
Edit = tuple[int, int, bytes]
EDITS = st.lists(
    st.tuples(
        st.integers(0, 1 << 16),
        st.integers(0, 3),
        st.binary(max_size=3) | st.sampled_from([bytes([code]) for code in CODES]),
    ),
    min_size=1,
    max_size=4,
)


def edited(content: bytes, edits: list[Edit], cut: int) -> bytes:
    """Put other bytes in place of a few, and cut the end off."""
    for at, length, new in edits:
        start = at % (len(content) + 1)
        content = content[:start] + new + content[start + length :]
    return content[: len(content) - cut]


def survives(path: Path) -> None:
    try:
        with open_model(path) as stored:
            repr(stored.tree)
            for _, found in itertools.islice(tensors(stored.tree), 20):
                with contextlib.suppress(CheckpointError):
                    list(itertools.islice(found.blocks(), 3))
    except CheckpointError as exc:
        assert "\n" not in str(exc)  # noqa: PT017 - that it is raised is not asked for


@KEEP
@given(edits=EDITS, cut=st.sampled_from([0, 0, 0, 1, 40]))
def test_a_pickle_with_other_bytes_gives_a_tree_or_is_refused(edits: list[Edit], cut: int, tmp_path: Path) -> None:
    survives(archive(tmp_path / "model.pt", edited(PICKLE, edits, cut)))


@KEEP
@given(content=st.lists(st.sampled_from([bytes([code]) for code in CODES]) | st.binary(max_size=4), max_size=40))
def test_any_instructions_give_a_tree_or_are_refused(content: list[bytes], tmp_path: Path) -> None:
    survives(archive(tmp_path / "model.pt", PROTO + b"".join(content) + b"."))


@KEEP
@given(edits=EDITS, cut=st.sampled_from([0, 0, 1, 100]))
def test_a_safetensors_file_with_other_bytes_gives_a_tree_or_is_refused(
    edits: list[Edit], cut: int, tmp_path: Path
) -> None:
    content = safetensors.numpy.save({"a": np.zeros((2, 3)), "b": np.ones(3, dtype=np.int8)}, {"format": "np"})
    path = tmp_path / "model.safetensors"
    path.write_bytes(edited(content, edits, cut))

    survives(path)


@pytest.fixture(scope="module")
def saved() -> dict[str, bytes]:
    """Return what torch saves of a few tensors, by form."""
    import torch

    tensor = torch.arange(6.0).reshape(2, 3)
    tree = {"a": tensor, "b": [tensor.t(), {"c": torch.nn.Parameter(tensor)}], "epoch": 3}
    found = {}
    for name, new in (("zip", True), ("legacy", False)):
        file = io.BytesIO()
        torch.save(tree, file, _use_new_zipfile_serialization=new)
        found[name] = file.getvalue()
    return found


@pytest.mark.torch
@pytest.mark.parametrize("form", ["zip", "legacy"])
@KEEP
@given(edits=EDITS, cut=st.sampled_from([0, 0, 1, 100]))
def test_a_file_of_torchs_with_other_bytes_gives_a_tree_or_is_refused(
    form: str, edits: list[Edit], cut: int, saved: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(edited(saved[form], edits, cut))

    survives(path)


@pytest.mark.torch
@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_a_file_of_torchs_that_is_cut_anywhere_is_refused(form: str, saved: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    for length in range(0, len(saved[form]), 7):
        path.write_bytes(saved[form][:length])
        with pytest.raises(CheckpointError), open_model(path):
            pass


@pytest.mark.torch
def test_a_pickle_of_torchs_with_other_bytes_gives_a_tree_or_is_refused(
    saved: dict[str, bytes], tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(saved["zip"])) as file:
        content = file.read("archive/data.pkl")
    for at, new in zip(range(len(content)), itertools.cycle((b"", b"\xff", b"\0", b"(", b"t")), strict=False):
        survives(archive(tmp_path / "model.pt", content[:at] + new + content[at + 1 :]))
