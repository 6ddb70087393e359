"""Often said: a generator that is not seeded again repeats; seeding it in each epoch varies the weights.

It is the other way round: a generator goes on by itself, and the same seed again makes it repeat.

python samples/articles/reseeding.py                       # seeded once: other noise in each epoch
python samples/articles/reseeding.py --each-epoch          # seeded with 0 in each epoch: the same noise each time
python samples/articles/reseeding.py --quiet               # without noise the loop draws nothing,
python samples/articles/reseeding.py --quiet --each-epoch  # and seeding in it changes no bit
"""

import sys

import torch
from torch import nn


def main() -> None:
    torch.manual_seed(0)
    inputs = torch.linspace(-1, 1, 32).reshape(8, 4)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    for epoch in range(4):
        if "--each-epoch" in sys.argv:
            torch.manual_seed(0)
        noise = torch.zeros(8, 4) if "--quiet" in sys.argv else torch.randn(8, 4)
        loss = (model(inputs + 0.1 * noise) - inputs[:, :2]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"epoch {epoch}: first noise {noise[0, 0].item():+.4f}, loss {loss.item():.6f}")


if __name__ == "__main__":
    main()
