"""Train on a device that lags behind, in several ways, and print what came of each: `python FILE LIBRARY`."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from _lagging import NAME, Lagging
from torch import nn

from envprint.models.digest import digest_tensor
from envprint.recorder import chaining, recording
from envprint.recorder.attaching import attach, finish
from envprint.recorder.chosen import Chosen
from envprint.recorder.weights import digest_of_all

STEPS, LAG, NEVER = 140, 600, 10**15


def train(device: Lagging, look: Callable[[Any, Any], None]) -> dict[str, Any]:
    """Return how often each step waited, the losses, and the weights."""
    torch.manual_seed(0)
    layers = [nn.Flatten(), nn.Linear(192, 400), nn.LayerNorm(400), nn.ReLU(inplace=True), nn.Dropout(0.1)]
    model = nn.Sequential(*layers, nn.Linear(400, 10)).to(NAME)
    optimizer = torch.optim.AdamW(model.parameters())
    waits, losses = [], []
    batches = torch.randn(STEPS, 4, 3, 8, 8).to(NAME), torch.randint(0, 10, (STEPS, 4)).to(NAME)
    for inputs, targets in zip(*batches, strict=True):
        before = device.waits
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        waits.append(device.waits - before)
        losses.append(loss.detach())
        look(model, (inputs, targets))
    return {"waits": waits, "losses": losses, "weights": list(model.parameters())}


def in_numbers(told: dict[str, Any]) -> dict[str, Any]:
    """Return what came of a training, read from the device."""
    weights = [digest_tensor(each.detach().cpu()) for each in told["weights"]]
    return {**told, "losses": [float(each).hex() for each in told["losses"]], "weights": weights}


def plainly(device: Lagging) -> dict[str, Any]:
    """Train without the recorder."""
    return in_numbers(train(device, lambda *_: None))


def copied(device: Lagging) -> dict[str, Any]:
    """Train without the recorder, and copy weights and gradients at each step, which waits."""
    seen: dict[str, list[Any]] = {"parameters": [], "gradients": []}

    def look(model: Any, _: Any) -> None:
        kept = list(model.parameters())
        seen["parameters"].append(digest_of_all([each.detach().cpu() for each in kept]))
        seen["gradients"].append(digest_of_all([each.grad.cpu() for each in kept]))

    return {**in_numbers(train(device, look)), **seen}


def recorded(device: Lagging, chosen: Chosen | None = None, lag: int = LAG) -> dict[str, Any]:
    """Train with the recorder."""
    run = recording.Recording(Path("run.json"), chosen=chosen)
    with attach(run):
        device.lag(lag)
        told = train(device, lambda *_: None)
        finish(run, None)
    device.lag(LAG)
    return {**in_numbers(told), "run": json.loads(Path("run.json").read_bytes())["run"]}


def left(device: Lagging, lag: int) -> dict[str, Any]:
    """Train, then ask for the gradients of a loss that is infinite, make no step of it, and tell of the end."""
    run = recording.Recording(Path("left.json"))
    with attach(run):
        device.lag(0)
        model = nn.Linear(4, 2).to(NAME)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for factor in (1.0, 1.0, 1.0, math.inf):
            if math.isinf(factor):
                device.lag(lag)
            (model(torch.ones(3, 4).to(NAME)) * factor).square().sum().backward()
            if math.isfinite(factor):
                optimizer.step()
        before = device.waits
        finish(run, None)
    device.lag(LAG)
    return {"waits": device.waits - before, "run": json.loads(Path("left.json").read_bytes())["run"]}


def main(library: str) -> None:
    """Print what came of each way, as JSON."""
    device = Lagging(Path(library))
    device.register()
    window = Chosen(3, 9, modules=True)
    told = {"plain": plainly(device), "copied": copied(device)}
    told |= {"late": recorded(device), "prompt": recorded(device, lag=0)}
    told |= {"window": recorded(device, window), "prompt window": recorded(device, window, 0)}
    told["behind"] = recorded(device, Chosen(129, 136))
    chaining.MOST_WAITING = 2
    told["few"] = recorded(device)
    recording.PATIENCE = 0.1
    told["left"] = left(device, 0)
    told |= {"never": recorded(device, lag=NEVER), "left for ever": left(device, NEVER)}
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
