"""Often said: SGD is deterministic, Adam is not. Neither draws a number; but Adam enlarges what noise there is.

python samples/articles/sgd_or_adam.py Adam a.pt             # run it twice: the same bits
python samples/articles/sgd_or_adam.py Adam b.pt --flipped   # the same samples in reverse: sums are rounded otherwise
envprint diff a.pt b.pt                                      # how far the weights are apart; then all with SGD
"""

import sys

import torch
from torch import nn


def main() -> None:
    name, path = sys.argv[1:3]
    torch.manual_seed(0)
    inputs = torch.randn(64, 16)
    if "--flipped" in sys.argv:
        inputs = inputs.flip(0)
    targets = inputs.sum(1, keepdim=True).sin()
    model = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.01)

    for _ in range(100):
        loss = nn.functional.mse_loss(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), path)
    print(f"{name}: loss {loss.item():.9f}, bits {loss.item().hex()}")


if __name__ == "__main__":
    main()
