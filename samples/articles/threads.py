"""Often said: several cores make results differ from run to run. Not so on a CPU: their number does, once it changes.

python samples/articles/threads.py 2   # run it twice: the same bits
python samples/articles/threads.py 1   # other last bits
"""

import sys

import torch
from torch import nn


def main() -> None:
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    inputs = torch.linspace(-3, 3, 60_000).unsqueeze(1)
    targets = torch.sin(2 * inputs)
    model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        loss = nn.functional.mse_loss(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"{torch.get_num_threads()} threads: loss {loss.item():.9f}, bits {loss.item().hex()}")


if __name__ == "__main__":
    main()
