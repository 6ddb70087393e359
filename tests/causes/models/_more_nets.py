"""More real models, small: parts that the torch library has no module for, and state that checkpoints keep."""

from pathlib import Path
from typing import Any

import torch
from _nets import ResNet, images, seeded, train, trained
from torch import nn
from torch.nn import functional


class Plain(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """A network that calls dropout as a function."""

    def __init__(self, p: float = 0.3) -> None:
        super().__init__()
        self.p = p
        self.inner, self.out = nn.Linear(16, 32), nn.Linear(32, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = functional.dropout(torch.relu(self.inner(x)), self.p, training=self.training)
        return self.out(hidden)


class Forgetful(Plain):
    """A network whose dropout is always active, since nobody passed `training`."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(functional.dropout(torch.relu(self.inner(x)), self.p))


class Sequences(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """An LSTM with dropout between its layers, and a norm."""

    def __init__(self, dropout: float = 0.2, eps: float = 1e-5, layers: int = 2) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 24, num_layers=layers, dropout=dropout, batch_first=True)
        self.norm, self.out = nn.LayerNorm(24, eps=eps), nn.Linear(24, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.norm(self.lstm(x)[0][:, -1]))


class Attentive(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """Attention over what an embedding gives, with rotary frequencies that no checkpoint holds."""

    def __init__(self, heads: int = 4, dropout: float = 0.1, base: float = 10000.0) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 32)
        self.rotary = Rotary(32, base)
        self.attention = nn.MultiheadAttention(32, heads, dropout=dropout, batch_first=True)
        self.norm, self.out = nn.LayerNorm(32), nn.Linear(32, 50)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.rotary(self.embed(tokens))
        return self.out(self.norm(x + self.attention(x, x, x, need_weights=False)[0]))


class Rotary(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """Rotates by position."""

    def __init__(self, width: int, base: float) -> None:
        super().__init__()
        self.base = base
        self.register_buffer("inv_freq", base ** (-torch.arange(0, width, 2) / width), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        angles = torch.arange(x.shape[1])[:, None] * self.inv_freq
        left, right = x.chunk(2, -1)
        return torch.cat([left * angles.cos() - right * angles.sin(), left * angles.sin() + right * angles.cos()], -1)


class Prefixed(nn.Module):  # type: ignore[misc]  # torch is seen as Any
    """A model that holds another, as those that train it do."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.model = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)


def fresh(seed: int = 1, kind: Any = ResNet, **options: Any) -> Any:
    with seeded(seed):
        return kind(**options).eval()


def taught(kind: Any, inputs: torch.Tensor, seed: int = 0, steps: int = 4, **options: Any) -> Any:
    model = fresh(seed, kind, **options)
    train(model, inputs, steps)
    return model.eval()


def copied(model: nn.Module, seed: int = 1, **options: Any) -> Any:
    """Return another model of the class, built with other options, with all the weights that fit."""
    other = fresh(seed, type(model), **options)
    other.load_state_dict(model.state_dict(), strict=False)
    return other


def tokens(batch: int = 4) -> torch.Tensor:
    with seeded(5):
        return torch.randint(0, 50, (batch, 6))


def rows(width: int = 16) -> torch.Tensor:
    with seeded(5):
        return torch.randn(8, width)


def sequences() -> torch.Tensor:
    with seeded(5):
        return torch.randn(4, 5, 8)


def saved(state: Any, path: Path) -> Path:
    torch.save(state, path)
    return path


def lightning(path: Path, *without: str, steps: int = 2, **other: Any) -> Path:
    """Write a checkpoint as Lightning lays it out."""
    model = trained(steps=0)
    optimizer = train(model, images(), steps)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    state = {
        "epoch": 1,
        "global_step": steps,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {f"model.{name}": each for name, each in model.state_dict().items()},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 1, "completed": 1}}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_path": "", "best_model_score": None}},
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [schedule.state_dict()],
        "MixedPrecision": {"scale": 1024.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000},
        "hyper_parameters": {"lr": 0.01},
    }
    return saved({**{key: each for key, each in state.items() if key not in without}, **other}, path)


def as_trainer(folder: Path, *without: str, steps: int = 2) -> Path:
    """Write a folder as transformers' Trainer does: the model, and beside it what it goes on from."""
    from safetensors.torch import save_file

    folder.mkdir()
    model = trained(steps=0)
    optimizer = train(model, images(), steps)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    with seeded(steps):
        rng = {"python": (3, (1, 2), None), "cpu": torch.random.get_rng_state()}
    save_file(model.state_dict(), folder / "model.safetensors")
    beside = {
        "optimizer.pt": optimizer.state_dict(),
        "scheduler.pt": schedule.state_dict(),
        "scaler.pt": torch.amp.GradScaler("cpu").state_dict(),
        "rng_state.pth": rng,
    }
    for name, state in beside.items():
        if name not in without:
            torch.save(state, folder / name)
    (folder / "trainer_state.json").write_text(f'{{"epoch": 1.0, "global_step": {steps}, "best_metric": null}}')
    return folder
