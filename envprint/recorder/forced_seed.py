"""Seed a run from outside: every generator at the start, and every value that its script seeds with."""

import functools
import os
from collections.abc import Callable
from typing import Any

VARIABLE = "ENVPRINT_SEED"


def forced_seed() -> int | None:
    """Return the seed that this process is to have, None where none was given."""
    text = os.environ.get(VARIABLE, "")
    return int(text) if text.isdecimal() else None


def force(module: Any, seed: int) -> None:
    """Seed the generators of a module that was just imported, and let no other seed be set from now on."""
    holder, name = HOLDERS[module.__name__](module)
    original = getattr(holder, name)
    original(seed)

    @functools.wraps(original)
    def seeded(*_: Any, **__: Any) -> Any:
        return original(seed)

    setattr(holder, name, seeded)
    if module.__name__ == "torch":
        module.random.manual_seed = seeded


HOLDERS: dict[str, Callable[[Any], tuple[Any, str]]] = {
    "random": lambda module: (module, "seed"),
    "numpy": lambda module: (module.random, "seed"),
    "torch": lambda module: (module, "manual_seed"),
}
