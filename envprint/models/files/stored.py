"""A saved model as it lies in its files: nested dicts and lists whose leaves are tensors that can be read."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Stored:
    """What one file, or a folder of shards, holds.

    `tree` is made of dicts, lists, tuples, sets, texts, bytes, numbers and None; of StoredTensor; and of Opaque. It
    has no cycles, is at most 100 deep, and its parts, counted as often as they are reached, are at most 2 million.
    """

    path: Path
    form: str
    tree: Any
    metadata: dict[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    config: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Opaque:
    """An object of a class that is not interpreted, or what a function that is not called would have returned.

    `arguments` is None for the class or function itself; `items` is what was put into it by key, or appended.
    """

    name: str
    arguments: Any = None
    state: Any = None
    items: Any = None
