"""Models and checkpoints as people save them, small."""

import random
from typing import Any

import numpy as np
import torch
from torch import nn


class Net(nn.Module):  # type: ignore[misc] # mypy does not see torch
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        self.norm = nn.BatchNorm2d(4)
        self.lstm = nn.LSTM(4, 3)
        self.inner = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 7))
        self.out = nn.Linear(4, 7, bias=False)
        self.out.weight = self.embedding.weight

    def forward(self, index: torch.Tensor) -> torch.Tensor:
        return self.out(self.embedding(index))


def checkpoint(optimizer: Any = torch.optim.Adam, **settings: Any) -> dict[str, Any]:
    net = Net()
    made = optimizer(net.parameters(), lr=0.1, **settings)
    scheduler = torch.optim.lr_scheduler.StepLR(made, 2)
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter)
    made.step()
    scheduler.step()
    return {
        "model": net.state_dict(),
        "optimizer": made.state_dict(),
        "scheduler": scheduler.state_dict(),
        "scaler": torch.amp.GradScaler("cpu").state_dict(),
        "epoch": 3,
        "loss": float("nan"),
        "rng": {"torch": torch.get_rng_state(), "python": random.getstate()},
    }


def odd_tensors() -> dict[str, Any]:
    numbers = torch.arange(24, dtype=torch.float32)
    return {
        "transposed": numbers.reshape(4, 6).t(),
        "permuted": numbers.reshape(2, 3, 4).permute(2, 0, 1),
        "sliced": numbers.reshape(4, 6)[1:, ::2],
        "expanded": numbers.reshape(24, 1)[:3].expand(3, 5),
        "windows": numbers.unfold(0, 4, 2),
        "column": numbers.reshape(4, 6)[:, 3],
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "empty, transposed": torch.zeros(0, 3).t(),
        "one, of odd strides": numbers[5:].as_strided((1, 3), (77, 1)),
        "bool": numbers > 7,
        "parameter": nn.Parameter(torch.randn(3)),
        "frozen": nn.Parameter(torch.randn(3), requires_grad=False),
        "grad": torch.randn(3, requires_grad=True),
        "in a list": [numbers, (numbers[3:],)],
        **{str(dtype): numbers.to(dtype) for dtype in DTYPES},
    }


DTYPES = [
    torch.bfloat16, torch.float16, torch.float64, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64,
    torch.uint16, torch.uint32, torch.uint64, torch.complex64, torch.complex128, torch.float8_e4m3fn, torch.float8_e5m2,
]  # fmt: skip


def numpy_states() -> dict[str, Any]:
    return {"state": np.random.RandomState(3).get_state(), "loss": np.float64(2.5), "many": np.arange(6).reshape(2, 3)}
