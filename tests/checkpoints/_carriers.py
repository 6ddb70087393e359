"""Saved models of every format, small but with the hard cases, each with its readers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import safetensors.torch
import torch
import torch.distributed.checkpoint
import transformers
from _readers import (
    HEIGHT,
    WIDTH,
    Found,
    make_inputs,
    make_net,
    read_arrays,
    read_distributed,
    read_exported,
    read_folder,
    read_onnx,
    read_safetensors,
    read_script,
    read_zip,
)

from envprint.checkpoints.write_back import PIECE

RECORDS = 1500  # their directory takes 95 kB: readers look for a zip's end in the last 64 KiB only
COMMENT = b"x" * 60000


def make_zip(folder: Path) -> Path:
    torch.save(make_net().state_dict(), folder / "model.pt")
    return folder / "model.pt"


def make_many(folder: Path) -> Path:
    torch.save({f"tensor {i}": torch.full((3,), float(i)) for i in range(RECORDS)}, folder / "many.pt")
    return folder / "many.pt"


def make_commented(folder: Path) -> Path:
    path = make_zip(folder)
    content = path.read_bytes()
    assert content.endswith(b"\0\0")
    path.write_bytes(content[:-2] + len(COMMENT).to_bytes(2, "little") + COMMENT)
    return path


def make_script(folder: Path) -> Path:
    torch.jit.script(make_net()).save(folder / "script.pt")
    return folder / "script.pt"


def make_exported(folder: Path) -> Path:
    torch.export.save(torch.export.export(make_net(), (make_inputs(),)), folder / "model.pt2")
    return folder / "model.pt2"


def make_safetensors(folder: Path) -> Path:
    safetensors.torch.save_file(make_net().state_dict(), folder / "model.safetensors", {"format": "pt", "by": "a user"})
    return folder / "model.safetensors"


def make_large(folder: Path) -> Path:
    """Of more than two pieces: the first are on their way to the disk while the last is copied."""
    weights = {"large": torch.arange(PIECE // 4 * 2 + WIDTH, dtype=torch.int32), **make_net().state_dict()}
    safetensors.torch.save_file(weights, folder / "large.safetensors", {"format": "pt"})
    return folder / "large.safetensors"


def make_onnx(folder: Path) -> Path:
    weights = {name: tensor.detach().numpy() for name, tensor in make_net().named_parameters()}
    tensor, float32 = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Gemm", ["x", "weight", "bias"], ["y"], transB=1)],
        "net",
        [tensor("x", float32, [1, WIDTH])],
        [tensor("y", float32, [1, HEIGHT])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opsets = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10), folder / "model.onnx")
    return folder / "model.onnx"


def make_folder(folder: Path) -> Path:
    torch.manual_seed(4)
    config = transformers.BertConfig(
        vocab_size=300, hidden_size=32, intermediate_size=64, max_position_embeddings=64,
        num_hidden_layers=1, num_attention_heads=2,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder / "bert", max_shard_size="50KB")
    return folder / "bert"


def make_distributed(folder: Path) -> Path:
    torch.distributed.checkpoint.save(make_net().state_dict(), checkpoint_id=folder / "step-1")
    return folder / "step-1"


def make_arrays(folder: Path) -> Path:
    np.savez(folder / "arrays.npz", weight=make_net().weight.detach().numpy())
    return folder / "arrays.npz"


CARRIERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Found]]] = {
    "torch zip": (make_zip, read_zip),
    "torch zip of 1500 records": (make_many, read_zip),
    "torch zip with a long comment": (make_commented, read_zip),
    "TorchScript": (make_script, read_script),
    "torch.export": (make_exported, read_exported),
    "safetensors": (make_safetensors, read_safetensors),
    "large safetensors": (make_large, read_safetensors),
    "ONNX": (make_onnx, read_onnx),
    "Hugging Face folder": (make_folder, read_folder),
    "distributed checkpoint": (make_distributed, read_distributed),
    "sidecar": (make_arrays, read_arrays),
}
