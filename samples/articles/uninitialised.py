"""Often said: parameters that nobody initialised give the same outputs each time. Not so: they are what memory held.

python samples/articles/uninitialised.py          # whatever is there
python samples/articles/uninitialised.py --fill   # filled with NaN, so that it shows
"""

import sys

import torch
from torch import nn


class Scale(nn.Module):
    """A layer as it is often written: allocated, and never filled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, width))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs @ self.weight


def main() -> None:
    torch.manual_seed(0)
    if "--fill" in sys.argv:
        torch.use_deterministic_algorithms(mode=True)
    model = nn.Sequential(Scale(16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loss = model(torch.ones(4, 16)).square().mean()
    loss.backward()
    optimizer.step()
    print(f"a weight {model[0].weight[3, 5].item():.6g}, loss {loss.item():.6g}")


if __name__ == "__main__":
    main()
