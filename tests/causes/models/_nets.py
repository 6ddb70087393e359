"""Real models, small, and what trains them."""

import contextlib
import copy
import functools
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn


class Residual(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """A block of a ResNet."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(x + self.bn2(self.conv2(inner)))


class ResNet(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """A small ResNet with dropout before its last layer."""

    def __init__(self, dropout: float = 0.2, classes: int = 10, **norm: Any) -> None:
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16, **norm)
        self.blocks = nn.Sequential(Residual(16), Residual(16))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(16, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.blocks(torch.relu(self.bn(self.stem(x)))).mean((2, 3))
        return self.fc(self.dropout(features))


class Transformer(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """A small language model whose output layer is its embedding."""

    def __init__(self, heads: int = 4, *, tied: bool = True, layers: int = 2) -> None:
        super().__init__()
        self.embed = nn.Embedding(64, 32)
        layer = nn.TransformerEncoderLayer(32, heads, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.lm_head = nn.Linear(32, 64, bias=False)
        if tied:
            self.lm_head.weight = self.embed.weight
        self.register_buffer("scale", torch.linspace(0.5, 1.5, 32), persistent=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.lm_head(self.encoder(self.embed(tokens) * self.scale))


class Recurrent(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """An LSTM that reads sequences."""

    def __init__(self, hidden: int = 24) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, hidden, num_layers=2, batch_first=True)
        self.out = nn.Linear(hidden, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.lstm(x)[0][:, -1])


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        yield


def images(batch: int = 8) -> torch.Tensor:
    with seeded(5):
        return torch.randn(batch, 3, 16, 16)


def train(model: nn.Module, inputs: torch.Tensor, steps: int = 4, seed: int = 9, lr: float = 0.01) -> Any:
    """Train for some steps; return the optimizer."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    with seeded(seed):
        model.train()
        for _ in range(steps):
            optimizer.zero_grad()
            model(inputs).square().mean().backward()
            optimizer.step()
    return optimizer


def trained(seed: int = 0, steps: int = 4, **options: Any) -> ResNet:
    return copy.deepcopy(_trained(seed, steps, **options))


@functools.cache
def _trained(seed: int, steps: int, **options: Any) -> ResNet:
    with seeded(seed):
        model = ResNet(**options)
    train(model, images(), steps)
    model.eval()
    return model


def reloaded(model: ResNet, seed: int = 1, **options: Any) -> ResNet:
    """Return another model that was built elsewhere and got the weights of the first."""
    with seeded(seed):
        other = ResNet(**options)
    other.load_state_dict(model.state_dict())
    other.eval()
    return other


def language(seed: int = 0, steps: int = 4, **options: Any) -> Transformer:
    with seeded(seed):
        model = Transformer(**options)
        tokens = torch.randint(0, 64, (4, 6))
    train(model, tokens, steps)
    model.eval()
    return model
