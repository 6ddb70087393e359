import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from _pickles import PROTO, archive, tensor, text
from _stored_trees import content, described

from envprint.errors import CheckpointError
from envprint.models.files import open_model

PARTS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b.weight": np.arange(4.0)}


def shards(folder: Path, files: dict[str, str]) -> Path:
    """Write each tensor into the file that is named for it, and an index."""
    for file in set(files.values()):
        held = {name: PARTS[name] for name in PARTS if files.get(name) == file}
        safetensors.numpy.save_file(held, folder / file, {"format": "pt"})
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": files}))
    return index


def test_shards_are_one_tree(tmp_path: Path) -> None:
    index = shards(tmp_path, {"b.weight": "2.safetensors", "a.weight": "1.safetensors"})
    (tmp_path / "config.json").write_text('{"hidden_size": 3}')
    (tmp_path / "optimizer.pt").write_bytes(b"of Trainer")

    for path, config in ((index, None), (tmp_path, {"hidden_size": 3})):
        with open_model(path) as stored:
            assert ("sharded safetensors", config, path) == (stored.form, stored.config, stored.path)
            assert [tmp_path / "1.safetensors", tmp_path / "2.safetensors"] == list(stored.files)
            assert ["b.weight", "a.weight"] == list(stored.tree)
            assert {"format": "pt"} == stored.metadata
            assert {name: part.tobytes() for name, part in PARTS.items()} == {
                name: content(part) for name, part in stored.tree.items()
            }


@pytest.mark.parametrize(
    ("map_", "said"),
    [
        (
            {"a.weight": "1.safetensors", "c.weight": "1.safetensors"},
            "1 tensors that its files do not have, as c.weight",
        ),
        ({"a.weight": "../1.safetensors"}, "no files beside it"),
        ({"a.weight": "9.safetensors"}, "are not there, as 9.safetensors"),
        ({"a.weight": ["1.safetensors"]}, "no index"),
        ({}, "no files beside it"),
    ],
)
def test_an_index_that_lies_is_refused(map_: dict[str, str], said: str, tmp_path: Path) -> None:
    index = shards(tmp_path, {"a.weight": "1.safetensors", "b.weight": "2.safetensors"})
    index.write_text(json.dumps({"weight_map": map_}))

    with pytest.raises(CheckpointError, match=said), open_model(index):
        pass


def test_a_shard_that_holds_no_tensors_by_name_is_refused(tmp_path: Path) -> None:
    archive(tmp_path / "1.bin", PROTO + tensor() + b".")
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text('{"weight_map": {"a": "1.bin"}}')

    with pytest.raises(CheckpointError, match="no shard"), open_model(index):
        pass


def test_a_folder_with_one_file_of_weights_is_that_file(tmp_path: Path) -> None:
    archive(tmp_path / "pytorch_model.bin", PROTO + b"}" + text("a") + tensor() + b"s.")
    (tmp_path / "training_args.bin").write_bytes(b"of Trainer")

    with open_model(tmp_path) as folder, open_model(tmp_path / "pytorch_model.bin") as file:
        assert described(file.tree) == described(folder.tree)
        assert ("torch zip", None) == (folder.form, folder.config)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "without a saved model"),
        (["model.safetensors", "pytorch_model.bin"], "2 files of weights: model.safetensors, pytorch_model.bin"),
        ([".metadata", "__0_0.distcp"], "torch.distributed"),
        (["model.safetensors.index.json", "pytorch_model.bin.index.json"], "2 files of weights"),
        (["model.gguf"], "expected torch, safetensors or a folder with one"),
    ],
)
def test_a_folder_that_has_not_one_model_is_refused(files: list[str], said: str, tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).write_bytes(b"GGUF")

    with pytest.raises(CheckpointError, match=said), open_model(tmp_path):
        pass


@pytest.mark.parametrize("config", ["[]", "{", "[" * 10_000, '"' + "a" * 5_000_000 + '"'])
def test_settings_that_are_none_are_refused(config: str, tmp_path: Path) -> None:
    shards(tmp_path, {"a.weight": "1.safetensors", "b.weight": "2.safetensors"})
    (tmp_path / "config.json").write_text(config)

    with pytest.raises(CheckpointError, match=r"config\.json"), open_model(tmp_path):
        pass


def others(folder: Path) -> dict[str, bytes]:
    np.savez(folder / "a.npz", np.zeros(3))
    with zipfile.ZipFile(folder / "a.pt2", "w") as file:
        file.writestr("m/version", b"3")
        file.writestr("m/models/model.json", b"{}")
    tar = bytes(257) + b"ustar" + bytes(250)
    return {"a.onnx": b"\x08\x07", "a.gguf": b"GGUF\3", "a.bin": b"\x80\x04N.", "a.pt": tar, "a": b"", "b": b"\x80",
            "a.npz": (folder / "a.npz").read_bytes(), "a.pt2": (folder / "a.pt2").read_bytes()}  # fmt: skip


def test_other_files_are_refused_with_what_is_expected(tmp_path: Path) -> None:
    for name, held in others(tmp_path).items():
        (tmp_path / name).write_bytes(held)
        with (
            pytest.raises(CheckpointError, match=r"expected (what )?torch|a tar") as raised,
            open_model(tmp_path / name),
        ):
            pass
        assert str(tmp_path / name) in str(raised.value)


@pytest.mark.torch
def test_what_transformers_saves_in_shards_is_what_it_has(tmp_path: Path) -> None:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=8, vocab_size=50, n_positions=16))
    model.save_pretrained(tmp_path, max_shard_size="4KB")

    with open_model(tmp_path) as stored:
        assert len(stored.files) > 1
        assert stored.config is not None
        assert stored.config["n_embd"] == 8
        expected = model.state_dict()
        assert {"lm_head.weight"} == expected.keys() - stored.tree.keys()
        for name, part in stored.tree.items():
            assert torch.equal(
                expected[name].reshape(-1).view(torch.uint8),
                torch.frombuffer(bytearray(content(part)), dtype=torch.uint8),
            )
