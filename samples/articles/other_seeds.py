"""Often said: seed torch and numpy, and a run repeats. Not so where a transform draws from Python's own random.

python samples/articles/other_seeds.py              # run it twice: other flips, other losses
python samples/articles/other_seeds.py --workers    # twice the same: torch seeds random in the workers of a loader
python samples/articles/other_seeds.py --all        # twice the same: random is seeded, too
"""

import random
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Flipped(Dataset[torch.Tensor]):
    """Rows, each turned round by chance."""

    def __init__(self) -> None:
        self.rows = torch.from_numpy(np.random.rand(32, 8).astype(np.float32))  # noqa: NPY002 - as users write it

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> torch.Tensor:
        return self.rows[place].flip(0) if random.random() < 0.5 else self.rows[place]  # noqa: S311


def main() -> None:
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    if "--all" in sys.argv:
        random.seed(0)
    loader = DataLoader(Flipped(), batch_size=8, shuffle=True, num_workers=2 if "--workers" in sys.argv else 0)
    model = nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for rows in loader:
        loss = (model(rows) - rows[:, :1]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"loss {loss.item():.9f}")


if __name__ == "__main__":
    main()
