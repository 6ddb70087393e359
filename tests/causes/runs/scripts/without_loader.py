"""A training loop without a DataLoader: it slices its data itself; words in TRY turn one thing each."""

import math
import os
import random
import sys

import numpy as np
import torch

TRY = {word.partition("=")[0]: word.partition("=")[2] or "yes" for word in os.environ.get("TRY", "").split()}
SAMPLES, BATCH = 32, 8
STEPS = int(TRY.get("steps", "12"))


def main() -> None:
    torch.manual_seed(0)
    if "seed-python" in TRY:
        random.seed(int(TRY["seed-python"]))
    net = torch.nn.Sequential(torch.nn.Linear(16, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    if TRY.get("weights") == "numpy":
        net[0].weight.data = torch.from_numpy(np.random.default_rng().normal(size=(16, 16))).float()
    optimizer = torch.optim.SGD(net.parameters(), lr=float(TRY.get("lr", "0.05")))
    scaler = torch.amp.GradScaler("cpu", enabled="scaler" in TRY)
    inputs, targets = data()
    order = list(range(SAMPLES))
    if "shuffled" in TRY:
        order.sort(key=lambda place: place * int(TRY["shuffled"]) % SAMPLES)
    if "order-seed" in TRY:
        torch.manual_seed(int(TRY["order-seed"]))
        order = torch.randperm(SAMPLES).tolist()
    for step in range(1, STEPS + 1):
        if "aside" in TRY:
            np.random.rand()  # noqa: NPY002 - which has one state for all
        rows = chosen(order, step)
        batch, aims = inputs[rows] * scale(step), targets[rows]
        if TRY.get("target") == str(step):
            aims[0] = (aims[0] + 1) % 4
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled="scaler" in TRY):
            loss = torch.nn.functional.cross_entropy(net(batch), aims)
        if "squared" in TRY:
            loss = net(batch).square().mean()
        if TRY.get("lost") == str(step):
            loss = loss * math.nan
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        sys.stdout.write(f"{step} {loss.item().hex()}\n")


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Return points, of a file where one is named."""
    drawing = torch.Generator().manual_seed(7)
    inputs = torch.randn(SAMPLES, 16, generator=drawing)
    if "file" in TRY:
        inputs = torch.from_numpy(np.load(TRY["file"]))
    return inputs, (torch.arange(SAMPLES) + int(TRY.get("turned", "0"))) % 4


def chosen(order: list[int], step: int) -> list[int]:
    """Return the rows of a step, in turn; from one that is named on backwards."""
    first = (step - 1) * BATCH % SAMPLES
    rows = order[first : first + BATCH]
    return rows[::-1] if "backwards" in TRY and step >= int(TRY["backwards"]) else rows


def scale(step: int) -> float:
    """Return by what a batch is multiplied: what a generator draws at one step, or at all from the first on."""
    if TRY.get("at", str(step)) != str(step):
        return 1.0
    return {"python": random.random, "numpy": np.random.rand}.get(TRY.get("scale", ""), float)() or 1.0


if __name__ == "__main__":
    main()
