"""Often said: torch.no_grad() makes a loaded model repeat. Not so: it leaves dropout and BatchNorm on; eval() does not.

python samples/reload/dropout.py
"""

import torch
from torch import nn

import envprint


def main() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.Dropout(0.5), nn.Linear(32, 4))
    saved = {name: each.clone() for name, each in model.state_dict().items()}
    inputs = torch.randn(8, 16)

    with torch.no_grad():
        first, second = model(inputs), model(inputs)
    print("two calls under no_grad are equal:", torch.equal(first, second))
    finding = envprint.explain(saved, model).findings[0]
    print(f"saved, against after these calls: {finding.cause}: {finding.evidence[0]}")

    model.load_state_dict(saved)
    other = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.Dropout(0.5), nn.Linear(32, 4))
    other.load_state_dict(saved)
    print("both left in training mode:", envprint.explain(model, other, inputs=inputs).findings[0].cause)
    print("one in evaluation mode:", envprint.explain(model, other.eval(), inputs=inputs).findings[0].cause)
    print("both in evaluation mode:", envprint.explain(model.eval(), other, inputs=inputs).verdict)


if __name__ == "__main__":
    main()
