"""What a rule saw in a comparison of models: a cause, how sure it is, and the differences that it accounts for."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from envprint.models.comparing import TENSORS, Comparison
from envprint.models.settings import Setting
from envprint.report import TensorDrift

SURE, LIKELY, MAYBE, HARDLY = 0.97, 0.9, 0.6, 0.3
MOST = 0.5  # share of the weights from which on it is the model that differs, not a layer
UNRELATED = 0.5  # of the largest number, from which on two weights are no steps of one training


@dataclass(frozen=True)
class Observed:
    """A cause that a comparison of models shows, with what of it it accounts for, and what speaks for it.

    `acts_on_outputs` is False of what bears on training alone.
    """

    cause: str
    probability: float
    evidence: tuple[str, ...]
    tensors: tuple[TensorDrift, ...] = ()
    settings: tuple[Setting, ...] = ()
    acts_on_outputs: bool = True

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths of the changes that it accounts for."""
        return (*(f"{TENSORS}.{each.name}" for each in self.tensors), *(each.path for each in self.settings))

    @property
    def modules(self) -> frozenset[str]:
        """Return the modules that it is about, by their names in a."""
        return frozenset(
            (*(each.name.rpartition(".")[0] for each in self.tensors), *(each.module for each in self.settings))
        )


@dataclass
class Open:
    """What of a comparison no rule has accounted for yet."""

    comparison: Comparison
    tensors: dict[str, TensorDrift] = field(default_factory=dict)
    settings: dict[str, Setting] = field(default_factory=dict)

    @classmethod
    def all_of(cls, comparison: Comparison) -> "Open":
        """Return all that differs between two models."""
        return cls(
            comparison,
            {each.name: each for each in comparison.drift.tensors},
            {each.path: each for each in comparison.settings},
        )

    def account(self, observed: Observed) -> Observed:
        """Take what a cause accounts for from what is open."""
        self.leave_out(observed.tensors)
        for setting in observed.settings:
            self.settings.pop(setting.path, None)
        return observed

    def leave_out(self, tensors: Iterable[TensorDrift]) -> None:
        """Take tensors from what is open."""
        for tensor in tensors:
            self.tensors.pop(tensor.name, None)

    def of(self, *states: str) -> tuple[TensorDrift, ...]:
        """Return the open tensors in one of these states."""
        return tuple(each for each in self.tensors.values() if each.state in states)


def are_unrelated(tensors: Iterable[TensorDrift]) -> bool:
    """Tell whether most matrices among these are farther apart than training brings them."""
    sizes = [each.relative for each in tensors if each.relative is not None and len(each.shape.get("a", ())) > 1]
    return 2 * sum(size >= UNRELATED for size in sizes) > len(sizes)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 tensor, 3 tensors."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def named(items: Iterable[str], most: int = 3) -> str:
    """Return the first names of many, and how many more there are."""
    names = list(items)
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{rest}"


def verb(items: Iterable[object], one: str, many: str) -> str:
    """Return the verb that goes with so many items."""
    return one if len(list(items)) == 1 else many
