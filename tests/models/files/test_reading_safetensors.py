import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from _stored_trees import content

import envprint as library
from envprint.errors import CheckpointError
from envprint.manifest import Manifest
from envprint.models.files import open_model

ARRAYS = {
    "b": np.array([True, False]),
    "f": np.arange(12, dtype=np.float32).reshape(3, 4),
    "i": np.arange(3, dtype=np.uint16),
    "scalar": np.array(1.5),
    "empty": np.zeros((0, 2), dtype=np.int64),
}


def written(path: Path, header: dict[str, Any], data: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_a_file_gives_its_tensors_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(ARRAYS, path, {"format": "np"})
    library.embed(path, Manifest())

    with open_model(path) as stored:
        assert ("safetensors", {"format": "np"}, (path,)) == (stored.form, stored.metadata, stored.files)
        assert {name: (array.shape, array.tobytes()) for name, array in ARRAYS.items()} == {
            name: (tensor.shape, content(tensor)) for name, tensor in stored.tree.items()
        }
        assert {"b": "bool", "f": "float32", "i": "uint16", "scalar": "float64", "empty": "int64"} == {
            name: tensor.dtype for name, tensor in stored.tree.items()
        }
        assert ARRAYS["f"].T.tobytes() == content(stored.tree["f"].permuted((1, 0)))
        assert len(ARRAYS) == len({tensor.place for tensor in stored.tree.values()})


@pytest.mark.torch
def test_torchs_types_have_torchs_names(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    names = ["bfloat16", "float16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "uint32", "complex64", "int8"]
    saved = {name: torch.zeros(4).to(getattr(torch, name)) for name in names}
    save_file(saved, tmp_path / "model.safetensors")

    with open_model(tmp_path / "model.safetensors") as stored:
        assert {name: name for name in names} == {name: tensor.dtype for name, tensor in stored.tree.items()}


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [3]},
        {"dtype": "F32", "shape": [-1, -1]},
        {"dtype": "F32", "shape": [True]},
        {"dtype": "F32", "shape": [1e3]},
        {"dtype": "F32", "shape": [2**70]},
        {"dtype": "F32", "shape": "1"},
        {"dtype": "F6_E2M3", "shape": [1]},
        {"dtype": ["F32"], "shape": [1]},
        {"dtype": "F4", "shape": [7]},
        {"shape": [1]},
    ],
)
def test_an_entry_that_does_not_describe_its_bytes_is_refused(entry: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path / "m.safetensors", {"a": {**entry, "data_offsets": [0, 4]}}, b"abcd")

    with pytest.raises(CheckpointError, match=r"m\.safetensors"), open_model(path):
        pass


def test_two_halves_of_a_byte_are_one_number_of_torchs(tmp_path: Path) -> None:
    path = written(tmp_path / "m", {"a": {"dtype": "F4", "shape": [2, 4], "data_offsets": [0, 4]}}, b"abcd")

    with open_model(path) as stored:
        assert ("float4_e2m1fn_x2", (2, 2)) == (stored.tree["a"].dtype, stored.tree["a"].shape)


def test_a_key_of_half_a_surrogate_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "m", {"\ud800": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"a")

    with pytest.raises(CheckpointError, match="JSON"), open_model(path):
        pass


def test_nothing_is_read_once_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(ARRAYS, path)
    with open_model(path) as stored:
        pass

    with pytest.raises(CheckpointError, match="closed"):
        content(stored.tree["f"])


def test_a_file_that_was_cut_meanwhile_is_said_to_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(1000)}, path)

    with open_model(path) as stored:
        with path.open("r+b") as file:
            file.truncate(500)
        with pytest.raises(CheckpointError, match="ended before"):
            content(stored.tree["a"])


def test_an_error_of_the_callers_is_the_callers(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(ARRAYS, path)

    with pytest.raises(BrokenPipeError), open_model(path):
        raise BrokenPipeError
