"""Small trainings whose modules are listened to: each returns all that it computed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts


class Block(nn.Module):  # type: ignore[misc]  # torch is Any here
    """A residual block that writes to what its first layer returns."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, inputs: Any) -> Any:
        """Return the inputs and what two layers make of them."""
        return inputs + self.conv2(self.drop(self.act(self.conv1(inputs))))


def pictures() -> Any:
    """Return a small CNN."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), Block(), Block(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip


def train(net: Any, batch: Callable[[], Any], steps: int = 5, before: Callable[[Any, int], None] | None = None) -> Any:
    """Train a model on batches, and return the losses and all that it is then."""
    optimizer, found = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9), []
    for step in range(1, steps + 1):
        if before is not None:
            before(net, step)
        given = batch()
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(given), torch.arange(len(given)) % 3)
        loss.backward()
        optimizer.step()
        found.append(loss.detach())
    return [*found, *net.state_dict().values()]


def cnn() -> Any:
    """Train a CNN whose activations write to what they are given."""
    return train(pictures(), lambda: torch.randn(6, 3, 8, 8))


class Reader(nn.Module):  # type: ignore[misc]  # torch is Any here
    """A model that reads sequences: what it reads with returns several tensors."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.head = nn.Linear(8, 3)

    def forward(self, inputs: Any) -> Any:
        """Return numbers of three classes."""
        read = self.inner(inputs)
        return self.head((read[0] if isinstance(read, tuple) else read)[:, -1])


def encoder() -> Any:
    """Train a TransformerEncoder, and evaluate it in each step, where it has a fast path."""
    net = Reader(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2))
    evaluated = []

    def evaluate(of: Any, _: int) -> None:
        of.eval()
        with torch.no_grad():
            evaluated.append(of(torch.randn(2, 5, 8)))
        of.train()

    return [*train(net, lambda: torch.randn(4, 5, 8), before=evaluate), *evaluated]


def recurrent() -> Any:
    """Train an LSTM."""
    return train(Reader(nn.LSTM(8, 8, 2, batch_first=True, dropout=0.2)), lambda: torch.randn(4, 5, 8))


def gated() -> Any:
    """Train a GRU that reads both ways."""
    return train(Reader(nn.GRU(8, 4, batch_first=True, bidirectional=True)), lambda: torch.randn(4, 5, 8))


class Checkpointed(nn.Module):  # type: ignore[misc]  # torch is Any here
    """A model that computes a part of itself again in backward()."""

    def __init__(self, *, reentrant: bool) -> None:
        super().__init__()
        self.first, self.last, self.reentrant = nn.Linear(8, 8), nn.Linear(8, 3), reentrant
        self.middle = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.3), nn.Tanh(), nn.Linear(8, 8))

    def forward(self, inputs: Any) -> Any:
        """Return numbers of three classes."""
        return self.last(checkpoint(self.middle, self.first(inputs), use_reentrant=self.reentrant))


def checkpointed() -> Any:
    """Train with activation checkpointing."""
    return train(Checkpointed(reentrant=False), lambda: torch.randn(6, 8))


def checkpointed_within() -> Any:
    """Train with activation checkpointing of the older kind, a backward pass within another."""
    return train(Checkpointed(reentrant=True), lambda: torch.randn(6, 8))


def checkpointed_selectively() -> Any:
    """Train with checkpoints that keep what some operations gave."""
    keep = (torch.ops.aten.addmm.default, torch.ops.aten.mul.Tensor, torch.ops.aten.sum.dim_IntList)

    class Selective(Checkpointed):
        def forward(self, inputs: Any) -> Any:
            """Return numbers of three classes."""
            contexts = partial(create_selective_checkpoint_contexts, list(keep))
            return self.last(checkpoint(self.middle, self.first(inputs), use_reentrant=False, context_fn=contexts))

    return train(Selective(reentrant=False), lambda: torch.randn(6, 8))


def accumulated() -> Any:
    """Sum the gradients of two passes for each step, with a scaler, under autocast, clipped."""
    net, scale = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 3)), torch.amp.GradScaler("cpu", init_scale=8.0)
    optimizer = torch.optim.AdamW(net.parameters())
    for _ in range(4):
        for _ in range(2):
            with torch.autocast("cpu", torch.bfloat16):
                loss = functional.cross_entropy(net(torch.randn(6, 8)), torch.arange(6) % 3)
            scale.scale(loss).backward()
        scale.unscale_(optimizer)
        nn.utils.clip_grad_norm_(net.parameters(), 0.1)
        scale.step(optimizer)
        scale.update()
        optimizer.zero_grad()
    return list(net.state_dict().values())


def by_closure() -> Any:
    """Train with an optimizer that makes several passes for each step."""
    net, inputs = nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 3)), torch.randn(6, 8)
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=3)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(inputs), torch.arange(6) % 3)
        loss.backward()
        return loss

    for _ in range(4):
        optimizer.step(closure)
    return list(net.state_dict().values())


WINDOWED = (
    cnn, encoder, recurrent, gated, checkpointed, checkpointed_within, checkpointed_selectively, accumulated,
    by_closure,
)  # fmt: skip
