"""Often said: os.environ["PYTHONHASHSEED"] = "0" in the script fixes hashes. Not so: Python reads it before it starts.

python samples/articles/hashseed.py                    # run it twice: another order of the set, other numbers
PYTHONHASHSEED=0 python samples/articles/hashseed.py   # run it twice: the same
"""

import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

TEXT = "same code same seed other loss and nobody can say why the runs part here or there on this machine"


def main() -> None:
    os.environ["PYTHONHASHSEED"] = "0"
    torch.manual_seed(0)
    vocabulary = {word: place for place, word in enumerate(set(TEXT.split()))}
    tokens = torch.tensor([vocabulary[word] for word in TEXT.split()])
    print("the first words are", *tokens[:6].tolist())

    loader = DataLoader(TensorDataset(tokens[:-1], tokens[1:]), batch_size=4, shuffle=True)
    model = nn.Sequential(nn.Embedding(len(vocabulary), 8), nn.Linear(8, len(vocabulary)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(3):
        for words, following in loader:
            loss = nn.functional.cross_entropy(model(words), following)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print(f"loss {loss.item():.9f}")


if __name__ == "__main__":
    main()
