"""A training in which steps are unlike most in one thing or another."""

import contextlib
import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint


class Training:
    """A training in which one thing or another is done that is unlike most steps."""

    def __init__(self, *, fed: bool | str) -> None:
        self.model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 2))
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.01)
        self.batches = self.ahead() if fed == "ahead" else self.loaded() if fed else self.made()
        self.hooks: list[Any] = []

    def loaded(self) -> Any:
        """Yield batches that a loader gives."""
        data = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randint(0, 2, (64,)))
        while True:
            yield from torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)

    def ahead(self) -> Any:
        """Yield batches that a loader gives, each once the next is there."""
        batches = self.loaded()
        kept = next(batches)
        for batch in batches:
            yield kept
            kept = batch

    def made(self) -> Any:
        """Yield batches of nobody's."""
        while True:
            yield torch.randn(4, 4), torch.randint(0, 2, (4,))

    def step(self, unlike: str = "") -> None:
        """Make a step."""
        inputs, self.targets = next(self.batches)
        BEFORE.get(unlike, nothing)(self, inputs)
        self.optimizer.zero_grad()
        outputs = checkpoint(self.again, inputs, use_reentrant=False) if unlike == "again" else self.model(inputs)
        loss = torch.nn.functional.cross_entropy(
            outputs, self.targets, **({"label_smoothing": 0.1} if unlike == "loss" else {})
        )
        if unlike != "no loss":
            if unlike == "by name":
                torch.autograd.backward(tensors=[loss])
            else:
                loss.backward()
        BEHIND.get(unlike, nothing)(self, inputs)
        if unlike != "no step":
            self.optimizer.step((lambda: math.inf) if unlike == "closure" else None)
        self.model.train()
        self.optimizer.param_groups[0].update(lr=0.01)
        while self.hooks:
            self.hooks.pop().remove()

    def again(self, inputs: Any) -> Any:
        """Compute in backward() what is computed here, and gradients within it."""
        with torch.enable_grad():
            torch.autograd.backward((self.model[0].bias * 3).sum())
        return self.model(inputs)

    def failing(self, _: Any) -> None:
        """Have the optimizer fail within its step, once the recording heard of that."""
        self.hooks.append(self.optimizer.register_step_pre_hook(fail))
        self.hooks.append(self.model.register_forward_pre_hook(lambda *_: None))
        with contextlib.suppress(ArithmeticError):
            self.optimizer.step()
        self.hooks.pop(0).remove()

    def within(self, _: Any) -> None:
        """Have an optimizer call another within its step."""
        other = torch.optim.SGD(self.model.parameters(), 0.5)
        self.hooks.append(self.optimizer.register_step_pre_hook(lambda *_: other.step()))


def fail(*_: Any) -> None:
    """Raise what a hook may."""
    raise ArithmeticError


def nothing(*_: Any) -> None:
    """Do as in most steps."""


def rate(value: Any) -> Callable[[Training, Any], None]:
    """Return what sets the learning rate."""
    return lambda training, _: training.optimizer.param_groups[0].update(lr=value)


Unusual = dict[str, Any]  # what to call with a training and its inputs
BEFORE: Unusual = {
    "normal number": lambda *_: torch.randn(1),
    "rate": rate(0.5),
    "rate as tensor": rate(torch.tensor(0.25)),
    "rate as whole number": rate(0),
    "evaluating": lambda training, _: training.model.eval(),
    "passes": lambda training, inputs: [training.model(inputs) for _ in range(3)],
    "no pass": lambda training, _: training.model.eval() and training.optimizer.step(),
    "evaluating for a while": lambda training, inputs: training.model.eval()(inputs) * training.model.train()(inputs),
    "another that evaluates": lambda _, inputs: torch.nn.Linear(4, 4).eval()(inputs),
    "failing": Training.failing,
    "within": Training.within,
    "another": lambda training, _: torch.optim.SGD(training.model.parameters(), 0.1).step(),
    "other targets": lambda training, _: training.targets.neg_().add_(1),
    "added group": lambda training, _: training.optimizer.add_param_group(
        {"params": [torch.nn.Parameter(torch.ones(1))]}
    ),
}
BEHIND: Unusual = {
    "gradients": lambda training, inputs: training.model(inputs).backward(torch.ones(4, 2)),
    "two losses": lambda training, inputs: training.model(inputs).mean().backward(),
    "evaluating from then on": lambda training, _: training.model.eval(),
    "double": lambda training, inputs: (training.model(inputs).double().sum() * 1e-9).backward(),
    "imaginary": lambda training, inputs: (training.model(inputs) * 1j).sum().backward(torch.tensor(1j)),
}
ALL = (*BEFORE, *BEHIND, "loss", "no loss", "again", "by name", "no step", "closure")
