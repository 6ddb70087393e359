"""A training loop in one process or in several, started by torchrun or by accelerate launch: each rank has a share."""

import os
import sys
from typing import Any

import torch
from data_of_runs import Clouds

STEPS = 3


def main() -> None:
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    torch.manual_seed(0)
    model: Any = torch.nn.Linear(16, 4)
    data = Clouds({})
    sampler = None
    if ranks > 1:
        torch.distributed.init_process_group("gloo")
        model = torch.nn.parallel.DistributedDataParallel(model)
        sampler = torch.utils.data.distributed.DistributedSampler(data, seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = torch.utils.data.DataLoader(data, batch_size=4, sampler=sampler, shuffle=sampler is None)
    for _, (inputs, targets) in zip(range(STEPS), batches, strict=False):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    sys.stdout.write(f"rank {os.environ.get('RANK', '0')} of {ranks}\n")
    if ranks > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
