"""The nets of the scripts beside, and their optimizers: small ones, and wide ones whose sums threads share."""

import zlib
from collections.abc import Mapping
from typing import Any

import torch

WIDE = 1024


class Shifted(torch.nn.Module):  # type: ignore[misc]  # torch is not seen by mypy
    """A layer whose shift nobody writes before it is used."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.shift = torch.nn.Parameter(torch.empty(size))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs + torch.nan_to_num(self.shift, nan=1.0).clamp(-1, 1)


def build(options: Mapping[str, str]) -> torch.nn.Module:
    """Return the net that the options name."""
    size = WIDE if options.get("net") == "wide" else 32
    first: torch.nn.Module = torch.nn.Linear(16, size)
    if options.get("net") == "conv":
        first = torch.nn.Sequential(
            torch.nn.Unflatten(1, (1, 4, 4)), torch.nn.Conv2d(1, 8, 3), torch.nn.Flatten(), torch.nn.Linear(32, 32)
        )
    model = torch.nn.Sequential(
        first,
        torch.nn.BatchNorm1d(size, momentum=float(options.get("momentum", "0.1"))),
        torch.nn.ReLU(),
        torch.nn.Dropout(float(options.get("dropout", "0.1"))),
        *([torch.nn.Linear(size, size), torch.nn.GELU()] if size == WIDE else []),
        *([Shifted(size)] if "unwritten" in options else []),
        torch.nn.Linear(size, 4),
    )
    if "unwritten" in options:
        with torch.no_grad():
            model[-2].shift.copy_(_memory(options["unwritten"], size))
    if "init" in options:
        torch.nn.init.orthogonal_(model[-1].weight)
    return model.to(getattr(torch, options["dtype"])) if "dtype" in options else model


def _memory(kind: str, size: int) -> torch.Tensor:
    """Return what an allocator may hand out: zeros of a fresh page, or bytes of something else."""
    if kind == "zeros":
        return torch.zeros(size)
    other = torch.arange(size, dtype=torch.int32) * 40503 + 2**30
    return other.view(torch.float32) * 1e30


def optimizer_for(model: torch.nn.Module, options: Mapping[str, str]) -> torch.optim.Optimizer:
    """Return the optimizer that the options name."""
    settings: dict[str, Any] = {"lr": float(options.get("lr", "0.01"))}
    if "decay" in options:
        settings["weight_decay"] = float(options["decay"])
    if "fused" in options:
        settings["fused"] = True
    kind: Any = getattr(torch.optim, options.get("optimizer", "Adam"))
    optimizer: torch.optim.Optimizer = kind(model.parameters(), **settings)
    return optimizer


def digest(model: torch.nn.Module) -> int:
    """Return a checksum of all parameters."""
    total = 0
    for each in model.parameters():
        total = zlib.crc32(each.detach().double().numpy().tobytes(), total)
    return total
