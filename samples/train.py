"""A small training run that says where it ran: a net learns a noisy wave, seeded, on the CPU.

    python samples/train.py run.json

Same code, same seed: run it twice under one setting and the loss agrees to the last bit; under OMP_NUM_THREADS=1 and 2
it does not.
"""

import random
import sys
from pathlib import Path

import numpy as np
import torch

import envprint


def main() -> None:
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(0)
    inputs = torch.linspace(-3, 3, 60_000).unsqueeze(1)
    targets = torch.sin(2 * inputs) + 0.1 * torch.randn_like(inputs)
    model = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(60):
        loss = torch.nn.functional.mse_loss(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 19:
            print(f"step {step + 1:3d}   loss {loss.item():.9f}   bits {loss.item().hex()}")
    envprint.write(envprint.capture(), Path(sys.argv[1]), force=True)


if __name__ == "__main__":
    main()
