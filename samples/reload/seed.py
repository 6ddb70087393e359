"""Often said: a loaded model differs because another seed was set where it was loaded. Not so: loading overwrites.

    python samples/reload/seed.py

What was drawn stays only where the file has nothing: in a layer that it lacks.
"""

import tempfile
from pathlib import Path

import torch
from torch import nn

import envprint


def build(classes: int = 4) -> nn.Module:
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, classes))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        torch.manual_seed(1)
        torch.save(build().state_dict(), path)

        torch.manual_seed(2)
        loaded = build()
        loaded.load_state_dict(torch.load(path))
        print("another seed where it is loaded:", envprint.explain(path, loaded).summary)

        torch.manual_seed(3)
        larger = build(classes=5)
        kept = {name: each for name, each in torch.load(path).items() if not name.startswith("2.")}
        torch.save(kept, path)
        larger.load_state_dict(kept, strict=False)
        finding = envprint.explain(path, larger).findings[0]
        print(f"a head that the file lacks: {finding.cause}: {finding.evidence[0]}")


if __name__ == "__main__":
    main()
