"""One side of a comparison of models: what is known of it, and where its numbers can be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from envprint.manifest.model import Model, Tensor
from envprint.models.attributes import plain_value
from envprint.models.content import Content

CONFIGURED = "config."
Kind: TypeAlias = Literal["live", "description", "file"]


@dataclass(frozen=True)
class Kept:
    """What a checkpoint keeps beside the weights.

    `optimizer`, `scheduler` and `scaler` tell whether their state is there, and with anything in it; `rng` are the
    names of the states of generators, with what they hold; `counters` the plain numbers by name, such as the epoch.
    `averaged` and `others` are further sets of weights by the name that they have in the file, `settings` those of a
    configuration beside it. `is_training` tells that it counts steps, `is_nested` that the weights have a name in it.
    """

    optimizer: bool = False
    optimizer_filled: bool = False
    scheduler: bool = False
    scaler: bool = False
    rng: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)
    averaged: Mapping[str, Mapping[str, Content]] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, Content]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_training: bool = False
    is_nested: bool = False

    @property
    def is_resumable(self) -> bool:
        """Tell whether this is more than weights: a checkpoint that training goes on from."""
        return self.is_training or self.optimizer or self.scheduler or self.scaler


@dataclass(frozen=True)
class Subject:
    """A model on one side: a live one, a description of one, or a file; `contents` are the numbers that can be read."""

    kind: Kind
    model: Model
    contents: Mapping[str, Content] = field(default_factory=dict)
    kept: Kept | None = None

    @property
    def is_bare(self) -> bool:
        """Tell whether this is weights by name, without the modules that have them."""
        return not self.model.modules

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """Return the tensors by name."""
        return self.model.tensors


def configuration_of(subject: Subject) -> dict[str, Any]:
    """Return the settings of a configuration, as a model of transformers has one, and a folder as config.json."""
    root = subject.model.modules.get("")
    found = root.attributes if root is not None else {}
    told = {name: each for name, each in found.items() if name.startswith(CONFIGURED)}
    if subject.kept is not None:
        told |= {f"{CONFIGURED}{name}": plain_value(each, str) for name, each in subject.kept.settings.items()}
    return {name: each.removeprefix("torch.") if isinstance(each, str) else each for name, each in told.items()}
