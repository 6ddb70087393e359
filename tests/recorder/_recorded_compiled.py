"""Compile what a training consists of, in several ways, and print what came of it: bits and the number of graphs."""

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch._dynamo.utils import counters
from torch.nn import functional

BACKEND = sys.argv[1]


def net() -> Any:
    """Return a small model."""
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))


class WithLoss(nn.Module):  # type: ignore[misc]  # torch is Any here
    """A model that computes its loss itself."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = net()

    def forward(self, inputs: Any, targets: Any) -> Any:
        """Return the loss."""
        return functional.cross_entropy(self.inner(inputs), targets, label_smoothing=0.1)


def batch(size: int = 8) -> tuple[Any, Any]:
    """Return inputs and targets."""
    return torch.randn(size, 8), torch.randint(0, 3, (size,))


def of_a_module() -> list[Any]:
    """Compile a model, train and evaluate it; the last batch is shorter."""
    plain = net()
    compiled = torch.compile(plain, backend=BACKEND)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    for size in (8, 8, 8, 5):
        inputs, targets = batch(size)
        optimizer.zero_grad()
        loss = functional.cross_entropy(compiled(inputs), targets)
        loss.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimizer.step()
    compiled.eval()
    with torch.no_grad():
        return [loss, compiled(torch.randn(3, 8)), plain(torch.randn(3, 8)), *plain.parameters()]


def of_a_module_with_its_loss() -> list[Any]:
    """Compile a model that computes its loss itself."""
    plain = WithLoss()
    compiled = torch.compile(plain, backend=BACKEND, fullgraph=True)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        compiled(*batch()).backward()
        optimizer.step()
    return list(plain.parameters())


def in_place() -> list[Any]:
    """Compile by Module.compile()."""
    plain = WithLoss()
    plain.compile(backend=BACKEND)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    for _ in range(3):
        plain.zero_grad()
        plain(*batch()).backward()
        optimizer.step()
    return list(plain.parameters())


def of_a_step() -> list[Any]:
    """Compile a whole step, with all that breaks its graph."""
    plain = WithLoss()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)

    @torch.compile(backend=BACKEND)  # type: ignore[untyped-decorator]  # torch is Any here
    def step(inputs: Any, targets: Any) -> Any:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = plain(inputs, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    return [*(step(*batch()) for _ in range(3)), *plain.parameters()]


def of_an_optimizer() -> list[Any]:
    """Compile the step of an optimizer, and a function of its own that calls it."""
    plain = net()
    optimizer = torch.optim.Adam(plain.parameters(), lr=torch.tensor(0.01))
    step = torch.compile(optimizer.step, backend=BACKEND)
    for _ in range(3):
        optimizer.zero_grad()
        plain(torch.randn(8, 8)).square().mean().backward()
        step()
    return list(plain.parameters())


def before_any(shape: Callable[[], list[Any]]) -> None:
    """Run one shape from a clean state, and print what came of it."""
    torch._dynamo.reset()
    counters.clear()
    torch.manual_seed(3)
    found = [each.detach().double().sum().item().hex() for each in shape()]
    said = {name: dict(counters[name]) for name in ("stats", "recompiles", "unimplemented")}
    sys.stdout.write(f"{shape.__name__} {found} {torch.get_rng_state().sum().item()} {said}\n")


for each in (of_a_module, of_a_module_with_its_loss, in_place, of_a_step, of_an_optimizer):
    before_any(each)
