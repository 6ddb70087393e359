"""What the modules of one step return and are given back, in the order in which that happens."""

from collections.abc import Iterator
from typing import Any

from envprint.recorder.sketching import look_at

MOST_CHARACTERS = 750_000  # of a manifest of 2 MB, beside the ledger of a million steps
OF_A_STEP = 900  # characters that a step of the window takes without its modules
OF_AN_ENTRY = 10  # characters of an entry besides its texts
OF_A_NAME = 30  # and of a name
NOTHING = "-"
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
            self.room -= len(name) + len(dtype) + OF_A_NAME
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
        self.told: dict[str, dict[str, str]] = {}
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
        self._keep(kind, module, f"{part}#{times}" if times > 1 else part, told, dtype)

    def add_gradients(self) -> None:
        """Tell of the gradients of the parameters that each module has of its own."""
        seen: set[int] = set()
        for module in (each for root in self.roots for each in root.modules()):
            own = [each.grad for each in module._parameters.values() if each is not None and each.grad is not None]  # noqa: SLF001
            if own and id(module) not in seen:
                seen.add(id(module))
                self.add("gradients", module, own)

    def close(self, names: dict[int, str]) -> dict[str, dict[str, str]]:
        """Return what was told, as the ledger has it; what is told from now on is added to it."""
        self.names = names
        rows: dict[str, list[dict[str, str]]] = {}
        for kind, *entry in self.waiting:
            rows.setdefault(kind, []).extend(self._row(*entry))
        self.told = {
            kind: {column: " ".join(row[column] for row in found) for column in found[0]}
            for kind, found in rows.items()
            if found
        }
        self.waiting = []
        return self.told

    def _keep(self, kind: str, module: Any, suffix: str, told: dict[str, str], dtype: str) -> None:
        if self.names is None:
            self.waiting.append((kind, module, suffix, told, dtype))
            return
        columns = self.told.setdefault(kind, {})
        for row in self._row(module, suffix, told, dtype):
            columns.update({column: f"{columns.get(column, '')} {text}".strip() for column, text in row.items()})

    def _row(self, module: Any, suffix: str, told: dict[str, str], dtype: str) -> Iterator[dict[str, str]]:
        """Yield one row, none of a module that has no name: what spreads others over devices."""
        name = (self.names or {}).get(id(module))
        if name is not None:
            place = self.table.place_of(f"{name}{suffix}", dtype)
            yield {"module": str(place), **{column: text or NOTHING for column, text in told.items()}}


def tensors_of(value: Any) -> Iterator[Any]:
    """Yield the tensors in a value."""
    from envprint.models.values import tensors_in

    yield from tensors_in(value)


def shorten(digest: str) -> str:
    """Return the first half of the digits of a digest."""
    return digest.rpartition(":")[2][:SHORT]
