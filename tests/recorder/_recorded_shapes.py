"""Small trainings of many shapes: each returns all that it computed."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

Training = Callable[[], list[Any]]


def model() -> Any:
    """Return a small model."""
    return nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))


def data() -> Any:
    """Return a small data set."""
    return TensorDataset(torch.randn(48, 8), torch.randint(0, 3, (48,)))


def loop() -> list[Any]:
    """Train with a scheduler, clipping and accumulation, and evaluate."""
    net, found = model(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)
    for place in range(8):
        loss = functional.cross_entropy(net(torch.randn(8, 8)), torch.randint(0, 3, (8,)), label_smoothing=0.1)
        loss.backward()
        found.append(loss.detach())
        if place % 2:
            nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()
    net.eval()
    with torch.no_grad():
        return [*found, net(torch.randn(4, 8)), *net.state_dict().values()]


def adamw() -> list[Any]:
    """Train with AdamW under autocast, and go on from what was saved."""
    net = model()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    for _ in range(4):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = functional.mse_loss(net(torch.randn(8, 8)), torch.zeros(8, 3))
        loss.backward()
        optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
        net.load_state_dict(net.state_dict())
    return list(net.state_dict().values())


def scaler() -> list[Any]:
    """Train with a GradScaler on the processor."""
    net, scale = model(), torch.amp.GradScaler("cpu", init_scale=1024.0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(4):
        optimizer.zero_grad()
        scale.scale(net(torch.randn(8, 8)).square().mean()).backward()
        scale.unscale_(optimizer)
        nn.utils.clip_grad_value_(net.parameters(), 0.1)
        scale.step(optimizer)
        scale.update()
    return [*net.state_dict().values(), torch.tensor(scale.get_scale())]


def loader() -> list[Any]:
    """Train on what a loader with workers shuffles, and draw from every generator on the way."""
    net, found = model(), []
    optimizer = torch.optim.Adam(net.parameters())
    for _ in range(2):
        for inputs, targets in DataLoader(data(), batch_size=16, shuffle=True, num_workers=1):
            optimizer.zero_grad()
            drawn = random.random() + np.random.rand()  # noqa: NPY002, S311 - what older scripts draw from
            loss = functional.cross_entropy(net(inputs + drawn), targets)
            loss.backward()
            optimizer.step()
            found.append(loss.detach())
    return [*found, *net.state_dict().values()]


def attention() -> list[Any]:
    """Evaluate what has a fast path, and train it."""
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    net, single = nn.TransformerEncoder(layer, 2), nn.MultiheadAttention(16, 2, batch_first=True)
    inputs = torch.randn(4, 6, 16)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net(inputs).square().mean().backward()
    optimizer.step()
    net.eval()
    single.eval()
    with torch.no_grad():
        return [net(inputs), single(inputs, inputs, inputs, need_weights=False)[0], *net.state_dict().values()]


def by_hand() -> list[Any]:
    """Train without an optimizer."""
    net = model()
    for _ in range(3):
        net.zero_grad()
        net(torch.randn(8, 8)).square().mean().backward()
        with torch.no_grad():
            for each in net.parameters():
                each.sub_(0.1 * each.grad)
    return list(net.state_dict().values())


def scripted() -> list[Any]:
    """Train what TorchScript compiled, losses and all."""

    class Net(nn.Module):  # type: ignore[misc]  # torch is Any here
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(8, 3)

        def forward(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            return functional.cross_entropy(self.inner(inputs), targets)

    net = torch.jit.script(Net())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.randn(8, 8), torch.randint(0, 3, (8,))).backward()
        optimizer.step()
    return list(net.state_dict().values())


SHAPES: tuple[Training, ...] = (loop, adamw, scaler, loader, attention, by_hand, scripted)
