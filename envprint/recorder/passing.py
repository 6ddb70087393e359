"""What the modules of one step return and are given back, in the order in which that happens."""

from collections.abc import Iterator
from typing import Any

from envprint.models.on_device import Later
from envprint.models.reading import Reading
from envprint.models.values import Digests, Told, come, tensors_in
from envprint.recorder.sketching import look_at

MOST_CHARACTERS = 850_000  # of a manifest of 2 MB, beside the ledger of a million steps
OF_A_STEP = 1100  # characters that a step of the window takes without its modules
OF_AN_ENTRY = 10  # characters of an entry besides its texts
OF_ITS_TEXTS = 17  # characters of each of these
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

    def __init__(self, table: Table, torch: Any, reading: Reading | None) -> None:
        self.table = table
        self.torch = torch
        self.reading = reading
        self.digests = Digests()
        self.roots: list[Any] = []
        self.times: dict[tuple[str, int, str], int] = {}
        self.waiting: list[tuple[str, Any, str, dict[str, Told], str]] = []
        self.rows: dict[str, list[dict[str, Told]]] = {}
        self.told: dict[str, dict[str, str]] | None = None
        self.names: dict[int, str] | None = None

    def digest(self, given: Any) -> Told:
        """Return the digest of what a module gave or was given, or what gives it once it has come."""
        return self.digests.later(given, self.reading)

    def add(self, kind: str, module: Any, given: Any, *, part: str = "", inputs: Told = "") -> None:
        """Tell of what a module gave in a pass; `part` names one of several, `inputs` is what the module was given."""
        times = self.times[kind, id(module), part] = self.times.get((kind, id(module), part), 0) + 1
        dtype, norm, sketch = look_at(list(tensors_in(given)), self.torch, self.reading)
        told: dict[str, Told] = {"digest": self.digest(given), "norm": norm, "sketch": sketch}
        if kind == "forward":
            told["inputs"] = inputs
        self.table.room -= OF_AN_ENTRY + OF_ITS_TEXTS * len(told)
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

    def close(self, names: dict[int, str]) -> dict[str, dict[str, str]] | Later[dict[str, dict[str, str]]]:
        """Return what was told, as the ledger has it, or what gives it once it has come.

        What is told from now on is added to it, and waited for.
        """
        self.names = names
        for kind, *entry in self.waiting:
            self.rows.setdefault(kind, []).extend(self._row(*entry))
        self.waiting, self.reading = [], None
        late = any(callable(told) for rows in self.rows.values() for row in rows for told in row.values())
        return self._join if late else self._join()

    def _join(self) -> dict[str, dict[str, str]]:
        self.told = {
            kind: {column: " ".join(_text(column, row[column]) for row in rows) for column in rows[0]}
            for kind, rows in self.rows.items()
            if rows
        }
        return self.told

    def _keep(self, kind: str, module: Any, suffix: str, told: dict[str, Told], dtype: str) -> None:
        if self.names is None:
            self.waiting.append((kind, module, suffix, told, dtype))
            return
        for row in self._row(module, suffix, told, dtype):
            self.rows.setdefault(kind, []).append(row)
            columns = {} if self.told is None else self.told.setdefault(kind, {})
            columns.update(
                {column: f"{columns.get(column, '')} {_text(column, row[column])}".strip() for column in row}
            )

    def _row(self, module: Any, suffix: str, told: dict[str, Told], dtype: str) -> Iterator[dict[str, Told]]:
        """Yield one row, none of a module that has no name: what spreads others over devices."""
        name = (self.names or {}).get(id(module))
        if name is not None:
            yield {"module": str(self.table.place_of(f"{name}{suffix}", dtype)), **told}


def _text(column: str, told: Told) -> str:
    """Return a text that has come, as the ledger has it: of a digest the first half of its digits."""
    try:
        text = come(told)
    except KeyError:  # what the device could not give after all
        text = ""
    return (text.rpartition(":")[2][:SHORT] if column in {"digest", "inputs"} else text) or NOTHING
