"""Often said: data in a fixed order makes outputs repeat. Not so: the order repeats, the outputs move with the weights.

python samples/articles/unshuffled.py
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def main() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(24, 4)
    loader = DataLoader(TensorDataset(inputs, inputs[:, :1].sin()), batch_size=8, shuffle=False)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    for epoch in range(3):
        for batch, (some, targets) in enumerate(loader):
            outputs = model(some)
            if batch == 0:
                print(f"epoch {epoch}: begins with sample {some[0, 0].item():+.4f}, output {outputs[0].item():+.4f}")
            loss = nn.functional.mse_loss(outputs, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


if __name__ == "__main__":
    main()
