"""Often shown: a net with BatchNorm1d that is given one sample in training mode. It raises: one value has no variance.

    python samples/reload/batchnorm.py

Run with several samples, it shows what is meant: running statistics are buffers, and whoever saves parameters() alone
loses them.
"""

import tempfile
from pathlib import Path

import torch
from torch import nn

import envprint


def build() -> nn.Module:
    return nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4))


def main() -> None:
    torch.manual_seed(0)
    model = build()
    try:
        model(torch.randn(1, 16))
    except ValueError as exc:
        print("one sample in training mode:", str(exc).split(",")[0])
    for _ in range(10):
        model(3 * torch.randn(8, 16) + 1)
    model.eval()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        for name, state in (("parameters() alone", dict(model.named_parameters())), ("all", model.state_dict())):
            torch.save(state, path)
            loaded = build()
            loaded.load_state_dict(torch.load(path), strict=False)
            report = envprint.explain(model, loaded.eval())
            said = (
                f"{report.findings[0].cause}: {report.findings[0].evidence[0]}" if report.findings else report.verdict
            )
            print(f"saved {name}: {said}")


if __name__ == "__main__":
    main()
