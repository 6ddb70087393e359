"""Small models whose forward pass does something that a description has to undo, or to bear."""

import random
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

Act = Callable[[Any, Any], Any]


class Net(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """A layer, a norm and dropout, and what somebody does beside them."""

    def __init__(self, act: Act | None = None, **attributes: Any) -> None:
        super().__init__()
        self.fc, self.norm, self.drop = nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Dropout(0.3)
        self.act = act
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, x: torch.Tensor) -> Any:
        if self.act is not None:
            return self.act(self, x)
        return self.drop(self.norm(self.fc(x)))


def counts(net: Any, x: torch.Tensor) -> torch.Tensor:
    net.count += 1
    net.since = net.count
    return net.fc(x) * net.count


def remembers(net: Any, x: torch.Tensor) -> torch.Tensor:
    net.seen.append(x)
    net.cache[tuple(x.shape)] = x
    net.order.move_to_end("a")
    net.last.append(x.sum())
    net.nested["a"][0].add(3)
    net.nested["a"][1].mul_(2)
    return net.fc(x) + len(net.seen) + net.nested["a"][1]


def keeps_state(net: Any, x: torch.Tensor) -> torch.Tensor:
    net.loose.add_(1)
    net.hidden = net.fc(x) if net.hidden is None else net.hidden + 1
    net.register_buffer("late", x.detach())
    net.add_module("made", nn.Linear(2, 2))
    return net.hidden + net.loose


def writes_to_weights(net: Any, x: torch.Tensor) -> torch.Tensor:
    net.fc.weight.data.mul_(0.9)
    net.fc.bias.data = net.fc.bias.data * 2
    return net.fc(x)


def exchanges(net: Any, x: torch.Tensor) -> torch.Tensor:
    net.fc.weight = nn.Parameter(net.fc.weight * 0.9)
    del net.drop
    net.fc.register_forward_hook(lambda *_: None)
    return net.fc(x)


def draws(net: Any, x: torch.Tensor) -> torch.Tensor:
    noise = torch.randn(6) * random.random() * float(np.random.rand())  # noqa: NPY002, S311 - what users write
    return net.fc(x) + noise


def draws_from_its_own(net: Any, x: torch.Tensor) -> torch.Tensor:
    noise = torch.randn(6, generator=net.of_torch) * net.of_python.random() * float(net.of_numpy.random())
    return net.fc(x) + noise


def writes_to_its_input(net: Any, x: torch.Tensor) -> torch.Tensor:
    return net.fc(x.mul_(2))


def computes_gradients(net: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        net.fc(x.requires_grad_()).sum().backward()
    return x.grad


def raises(net: Any, x: torch.Tensor) -> torch.Tensor:
    net.count += 1
    net.seen.append(1)
    net.norm(x).add_(net.norm.running_mean.add_(1))
    net.fc.weight.data.mul_(2)
    raise ValueError("no")


def changes_modes(net: Any, x: torch.Tensor) -> torch.Tensor:
    return net.train().norm(net.fc(x))


def uses_what_it_hides(net: Any, x: torch.Tensor) -> torch.Tensor:
    return net.teacher[0](net.fc(x))


def writers() -> dict[str, Net]:
    """Return models that change themselves as they run."""
    nested = {"a": [{1}, torch.ones(6)]}
    kept = {"seen": [], "cache": {}, "order": OrderedDict(a=1, b=2), "last": deque([0], maxlen=2), "nested": nested}
    own = {
        "of_torch": torch.Generator().manual_seed(3),
        "of_python": random.Random(2),  # noqa: S311 - what users write
        "of_numpy": np.random.default_rng(3),
    }
    return {
        "counts": Net(counts, count=0),
        "remembers": Net(remembers, **kept),
        "keeps state": Net(keeps_state, loose=torch.zeros(6), hidden=None),
        "writes to weights": Net(writes_to_weights),
        "exchanges": Net(exchanges),
        "draws": Net(draws),
        "draws from its own": Net(draws_from_its_own, **own),
        "writes to its input": Net(writes_to_its_input),
        "computes gradients": Net(computes_gradients),
        "raises": Net(raises, count=0, seen=[]),
        "changes modes": Net(changes_modes).eval(),
        "uses what it hides": Net(uses_what_it_hides, teacher=[nn.BatchNorm1d(6)]),
    }
