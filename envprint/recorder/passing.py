"""What the modules of one step return and are given back, in the order in which that happens."""

from collections.abc import Iterator
from typing import Any

from envprint.recorder.sketching import look_at

MOST_CHARACTERS = 1_150_000  # of a manifest of 2 MB, beside the ledger of a million steps
OF_A_STEP = 900  # characters that a step of the window takes without its modules
OF_AN_ENTRY = 40  # characters of an entry besides its texts
SHORT = 16  # of the 32 digits of a digest


class Table:
    """The names of modules, each with the type of what it gives, and the room for what is told of them."""

    def __init__(self, steps: int) -> None:
        self.names: list[str] = []
        self.types: list[str] = []
        self.known: dict[tuple[str, str], int] = {}
        self.room = MOST_CHARACTERS - steps * OF_A_STEP
        self.entries = 0

    def place_of(self, name: str, dtype: str) -> int:
        """Return the place of a name in the table."""
        if (name, dtype) not in self.known:
            self.known[name, dtype] = len(self.names)
            self.names.append(name)
            self.types.append(dtype)
            self.room -= len(name) + len(dtype) + 6
        return self.known[name, dtype]


class Passes:
    """The calls of modules of one step; their names are known when the step ends, and with it the model."""

    def __init__(self, table: Table, torch: Any) -> None:
        from envprint.models.values import Digests

        self.table = table
        self.torch = torch
        self.digests = Digests()
        self.roots: list[Any] = []
        self.times: dict[tuple[str, int, str], int] = {}
        self.waiting: list[tuple[str, Any, str, dict[str, str], str]] = []
        self.told: dict[str, dict[str, list[Any]]] = {}
        self.names: dict[int, str] | None = None

    def add(self, kind: str, module: Any, given: Any, *, part: str = "", inputs: str = "") -> None:
        """Tell of what a module gave in a pass; `part` names one of several, `inputs` is what the module was given."""
        times = self.times[kind, id(module), part] = self.times.get((kind, id(module), part), 0) + 1
        dtype, norm, sketch = look_at(list(tensors_of(given)), self.torch)
        told = {"digest": shorten(self.digests.of(given)), "norm": norm, "sketch": sketch}
        if kind == "forward":
            told["inputs"] = shorten(inputs)
        self.table.room -= sum(map(len, told.values())) + OF_AN_ENTRY
        self.table.entries += 1
        self._keep((kind, module, f"{part}#{times}" if times > 1 else part, told, dtype))

    def add_gradients(self) -> None:
        """Tell of the gradients of the parameters that each module has of its own."""
        seen: set[int] = set()
        for module in (each for root in self.roots for each in root.modules()):
            own = [each.grad for each in module._parameters.values() if each is not None and each.grad is not None]  # noqa: SLF001
            if own and id(module) not in seen:
                seen.add(id(module))
                self.add("gradients", module, own)

    def close(self, names: dict[int, str]) -> dict[str, dict[str, list[Any]]]:
        """Return what was told, as the ledger has it; what is told from now on is added to it."""
        self.names = names
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            self._keep(each)
        return self.told

    def _keep(self, entry: tuple[str, Any, str, dict[str, str], str]) -> None:
        if self.names is None:
            self.waiting.append(entry)
            return
        kind, module, suffix, told, dtype = entry
        name = self.names.get(id(module))
        if name is not None:
            columns = self.told.setdefault(kind, {})
            columns.setdefault("module", []).append(self.table.place_of(f"{name}{suffix}", dtype))
            for column, text in told.items():
                columns.setdefault(column, []).append(text)


def tensors_of(value: Any) -> Iterator[Any]:
    """Yield the tensors in a value."""
    from envprint.models.values import tensors_in

    yield from tensors_in(value)


def shorten(digest: str) -> str:
    """Return the first half of the digits of a digest."""
    return digest.rpartition(":")[2][:SHORT]
