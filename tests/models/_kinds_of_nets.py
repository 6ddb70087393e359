"""Models of all kinds, each with inputs; None where they are to be made."""

import warnings
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_sequence

Case = tuple[Any, Any]


def image_net() -> nn.Module:
    block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.2))
    return nn.Sequential(nn.Conv2d(3, 4, 3), block, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


def encoder() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)


def odd_names() -> nn.Module:
    return nn.Sequential(nn.ModuleDict({"a b/ü\"'\n": nn.Linear(2, 2), "x\ud800": nn.Linear(2, 2)})["x\ud800"])


def partly_scripted() -> nn.Module:
    scripted = torch.jit.script(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6)))
    scripted[1].eval()
    return nn.Sequential(nn.BatchNorm1d(6), scripted)


def of_all_layouts() -> nn.Module:
    model = nn.Linear(6, 6)
    model.sparse = nn.Parameter(torch.eye(4).to_sparse())
    model.register_buffer("rows", torch.eye(4).to_sparse_csr())
    model.small = nn.Parameter(torch.ones(3).to(torch.float8_e4m3fn), requires_grad=False)
    model.conjugated = nn.Parameter(torch.randn(4, dtype=torch.complex64).conj())
    model.register_buffer("expanded", torch.ones(1).expand(5))
    model.register_buffer("nothing", None)
    model.empty, model.as_empty = nn.Parameter(torch.zeros(0)), nn.Parameter(torch.zeros(0))
    model.on_meta = torch.ones(3, device="meta")
    return model


def layer_used_twice() -> nn.Module:
    layer = nn.Linear(6, 6)
    return nn.Sequential(layer, nn.ReLU(), nn.Sequential(layer))


def kinds() -> dict[str, Case]:
    """Return the models, in training mode."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # half of them is old
        return {name: (model.train(), inputs) for name, (model, inputs) in _kinds().items()}


def _kinds() -> dict[str, Case]:
    rows, wide = torch.ones(3, 6), torch.ones(3, 20)
    quantised = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(6, 6), nn.ReLU()), {nn.Linear})
    mask = {"src": torch.ones(2, 4, 8), "src_key_padding_mask": torch.tensor([[0, 0, 0, 1], [0, 0, 1, 1]]).bool()}
    return {
        "images": (image_net(), None),
        "images, channels last": (image_net().to(memory_format=torch.channels_last), torch.ones(2, 3, 8, 8)),
        "LSTM": (nn.LSTM(4, 5, 2, dropout=0.5, bidirectional=True), None),
        "packed sequences": (nn.GRU(3, 4), pack_sequence([torch.ones(4, 3), torch.ones(2, 3)])),
        "attention": (nn.MultiheadAttention(8, 2), (torch.ones(2, 3, 8),) * 3),
        "padded": (encoder(), mask),
        "nested": (nn.Linear(4, 4), torch.nested.nested_tensor([torch.ones(2, 4), torch.ones(3, 4)])),
        "spectral norm": (nn.Sequential(parametrizations.spectral_norm(nn.Linear(20, 20))), wide),
        "old spectral norm": (nn.Sequential(nn.utils.spectral_norm(nn.Linear(20, 20))), wide),
        "weight norm": (nn.Sequential(parametrizations.weight_norm(nn.Linear(20, 20))), wide),
        "old weight norm": (nn.Sequential(nn.utils.weight_norm(nn.Linear(20, 20))), wide),
        "odd names": (odd_names(), None),
        "a layer used twice": (layer_used_twice(), None),
        "all layouts": (of_all_layouts(), None),
        "bfloat16": (nn.Linear(6, 6).bfloat16(), None),
        "float64": (nn.Linear(6, 6).double(), None),
        "complex": (nn.Linear(4, 4, dtype=torch.complex64), torch.ones(1, 4, dtype=torch.complex64)),
        "quantised": (quantised, rows),
        "scripted": (torch.jit.script(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6))), rows),
        "traced": (torch.jit.trace(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6)), rows), rows),
        "partly scripted": (partly_scripted(), rows),
        "a graph": (torch.fx.symbolic_trace(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6))), rows),
        "data parallel": (nn.DataParallel(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6))), rows),
        "no parameters": (nn.ReLU(inplace=True), rows),
    }
