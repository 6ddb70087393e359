"""What a pickle is made of while it is read, before it is a tree."""

from dataclasses import dataclass
from typing import Any

from envprint.models.files.dtypes import STORAGES


class Unsound(ValueError):  # noqa: N818 - a state of the file, and not yet an error that anybody sees
    """A pickle says what no pickle of torch's says."""


class CutOff(Unsound):
    """A pickle ends in the midst of an instruction."""


@dataclass(frozen=True, slots=True)
class Global:
    """The name of a class or function, which nobody imports."""

    name: str


@dataclass(slots=True, eq=False)
class Instance:
    """What a class or function would give: its arguments, its state, and what was put into it."""

    name: str
    arguments: Any
    state: Any = None
    items: Any = None


@dataclass(slots=True, eq=False)
class Storage:
    """A row of numbers that lies outside the pickle; `first` counts numbers, for a part of one of torch's old ones."""

    name: str
    key: str
    count: int
    first: int = 0

    @property
    def dtype(self) -> str:
        """Return the type of its numbers."""
        return STORAGES[self.name]


@dataclass(slots=True, eq=False)
class Draft:
    """A tensor as the pickle describes it; where its storage lies is found out later."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool
    kind: str
