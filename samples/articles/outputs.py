"""Often said: a seed set once makes every epoch give the same outputs. Not so: each step changes the weights.

python samples/articles/outputs.py              # three epochs, three outputs
python samples/articles/outputs.py --detached   # what does make outputs repeat: an optimizer of other tensors
"""

import copy
import sys

import torch
from torch import nn


def main() -> None:
    torch.manual_seed(0)
    inputs, targets = torch.randn(8, 4), torch.randn(8, 2)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    if "--detached" in sys.argv:
        model = copy.deepcopy(model)

    for epoch in range(4):
        outputs = model(inputs)
        print(f"epoch {epoch}: first outputs {outputs[0, 0].item():+.4f} {outputs[0, 1].item():+.4f}")
        loss = nn.functional.mse_loss(outputs, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
