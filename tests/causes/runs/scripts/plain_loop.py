"""A training loop as people write it, on the CPU; words in TRY turn one thing each: TRY="lr=0.02 dropout=0.5"."""

import os
import random
import sys
from typing import Any

import data_of_runs
import nets_of_runs
import numpy as np
import torch

TRY = {word.partition("=")[0]: word.partition("=")[2] or "yes" for word in os.environ.get("TRY", "").split()}


def main() -> None:
    set_switches()
    if "seed-late" not in TRY:
        seed()
    model = nets_of_runs.build(TRY)
    if "seed-late" in TRY:
        seed()
    optimizer = nets_of_runs.optimizer_for(model, TRY)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    resumed = resume(model, optimizer, scheduler)
    draw(0)
    train(model, optimizer, scheduler, resumed)


def set_switches() -> None:
    if "default" in TRY:
        torch.set_default_dtype(getattr(torch, TRY["default"]))
    if "matmul" in TRY:
        torch.set_float32_matmul_precision(TRY["matmul"])
    if "no-mkldnn" in TRY:
        torch.backends.mkldnn.enabled = False


def draw(step: int) -> None:
    """Draw a number that nobody needs, at the step that is named."""
    if TRY.get("draw") == str(step):
        torch.rand(1)


def seed() -> None:
    number = int(TRY.get("seed", "0"))
    if TRY.get("seed-python") != "no":
        random.seed(number)
    if TRY.get("seed-numpy") != "no":
        np.random.seed(int(TRY.get("numpy", number)))  # noqa: NPY002 - as people do
    if TRY.get("seed-torch") != "no":
        torch.manual_seed(number)


def train(model: torch.nn.Module, optimizer: torch.optim.Optimizer, scheduler: Any, resumed: dict[str, Any]) -> None:
    step = resumed.get("step", 0)
    computed = torch.compile(model) if "compile" in TRY else model
    model.train("eval" not in TRY)
    for epoch in range(int(TRY.get("epochs", "2"))):
        if TRY.get("reseed") == "yes" or (TRY.get("reseed") == "later" and epoch):
            torch.manual_seed(0)
        skipped = step if epoch == 0 and TRY.get("without") != "position" else 0
        batches = iter(data_of_runs.loader(TRY, epoch, skipped))
        if epoch == 0 and "rng" in resumed and TRY.get("without") != "rng":
            torch.set_rng_state(resumed["rng"])
        for inputs, targets in batches:
            step += 1
            draw(step)
            loss = one_step(computed, optimizer, inputs, targets)
            scheduler.step()
            sys.stdout.write(f"{step} {loss.item().hex()} {nets_of_runs.digest(model)}\n")
            if TRY.get("save") and step == 3:
                states = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
                kept = {name: each.state_dict() for name, each in states.items()}
                torch.save({**kept, "rng": torch.get_rng_state(), "step": step}, TRY["save"])


def one_step(model: Any, optimizer: torch.optim.Optimizer, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    if "no-zero" not in TRY:
        optimizer.zero_grad()
    inputs = inputs.to(next(model.parameters()).dtype)
    with torch.autocast("cpu", enabled="autocast" in TRY):
        loss = torch.nn.functional.cross_entropy(
            model(inputs) / 1.0, targets, label_smoothing=float(TRY.get("smoothing", "0"))
        )
    if "clip-first" in TRY:
        torch.nn.utils.clip_grad_norm_(model.parameters(), float(TRY["clip"]))
    loss.backward()
    if "clip" in TRY and "clip-first" not in TRY:
        torch.nn.utils.clip_grad_norm_(model.parameters(), float(TRY["clip"]))
    optimizer.step()
    return loss.detach()


def resume(model: torch.nn.Module, optimizer: torch.optim.Optimizer, scheduler: Any) -> dict[str, Any]:
    if "resume" not in TRY:
        return {}
    saved: dict[str, Any] = torch.load(TRY["resume"])
    model.load_state_dict(saved["model"])
    for name, each in (("optimizer", optimizer), ("scheduler", scheduler)):
        if TRY.get("without") != name:
            each.load_state_dict(saved[name])
    return saved


if __name__ == "__main__":
    main()
