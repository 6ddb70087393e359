"""How much of a result is the seed? One small net, six seeds, on 200 rows of which half are for the test.

python samples/articles/six_seeds.py --seed 363
python samples/articles/six_seeds.py --rate 10     # is that further away than another seed would be?
envprint sweep --seeds 0,3,5,363,366,999 --metric 'test accuracy ([0-9.]+)' -- python samples/articles/six_seeds.py
"""

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def rows() -> tuple[torch.Tensor, torch.Tensor]:
    """Return 200 points of two noisy half moons: the same under every seed."""
    made = np.random.default_rng(2024)
    labels = np.arange(200) % 2
    angle = np.pi * made.random(200)
    moons = np.stack([np.cos(angle) + labels, np.where(labels, 0.5 - np.sin(angle), np.sin(angle))], axis=1)
    points = moons + 0.35 * made.standard_normal((200, 2))
    return torch.tensor(points, dtype=torch.float32), torch.tensor(labels)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.1)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)

    points, labels = rows()
    loader = DataLoader(TensorDataset(points[:100], labels[:100]), batch_size=20, shuffle=True)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=arguments.rate)
    for _ in range(10):
        for some, wanted in loader:
            loss = nn.functional.cross_entropy(model(some), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    with torch.no_grad():
        right = (model(points[100:]).argmax(1) == labels[100:]).float().mean().item()
    print(f"seed {arguments.seed}: test accuracy {right:.3f}, last loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
