"""Write a recording to its file from time to time, with the environment at the first step."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

FLUSH_SECONDS = 5.0
MOST_OF_THE_TIME = 0.0005  # what writing may take of a run
WIDEST = 64  # bits of a whole number, its sign included
EARLY = 64  # steps among which each doubling is written: who waits for a run to begin looks for what it does


class Keeper:
    """The file of a recording, and what is written to it each time."""

    def __init__(self, path: Path, command: tuple[str, ...], may_write: Callable[[], bool]) -> None:
        self.path = path
        self.command = command
        self.may_write = may_write
        self.manifest: Any = None
        self.facts: dict[str, Any] = {}
        self.environment: dict[str, Any] = {}
        self.due = time.monotonic() + FLUSH_SECONDS

    def capture(self) -> Any:
        """Return the environment, as the process really had it when this was asked for first."""
        if self.manifest is None:
            from envprint.collectors import capture

            self.manifest = capture()
        return self.manifest

    def is_due(self, step: int) -> bool:
        """Tell whether to write: at steps 1, 2, 4 to 64, and then as often as it takes little of the run's time."""
        return (step <= EARLY and step & (step - 1) == 0) or time.monotonic() > self.due

    def write(self, **seen: Any) -> None:
        """Write what there is, whole or not at all, if this process is the one that writes."""
        if not self.may_write():
            return
        from envprint.manifest.writing import replace_file  # here, since pydantic takes a tenth of a second

        began = time.monotonic()
        kept: dict[str, Any] = {name: tuple(each) if _is_many(each) else each for name, each in seen.items()}
        facts = {"command": self.command, **self.facts, **kept}
        try:
            content = self._content(facts)
        except (TypeError, ValueError):  # a file's name is no text, a number has over 64 bits
            content = self._content(written(facts))
        replace_file(self.path, content)
        ended = time.monotonic()
        self.due = ended + max(FLUSH_SECONDS, (ended - began) / MOST_OF_THE_TIME)

    def _content(self, facts: dict[str, Any]) -> bytes:
        from envprint.manifest.document import identity
        from envprint.manifest.ledger import Run
        from envprint.manifest.writing import dump_document

        run = Run(**facts)
        if not self.environment:  # which stays, and is neither validated nor dumped again
            self.environment = self.capture().model_copy(update={"run": Run()}).as_json()
        document = {**self.environment, "run": run.model_dump(mode="json", by_alias=True, exclude_unset=True)}
        return dump_document({**document, "id": identity(document)})


def written(value: Any) -> Any:
    """Return a value as JSON has it: escapes for half a surrogate, and text for numbers that it does not have."""
    if isinstance(value, dict):
        return {written(str(key)): written(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(map(written, value))
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int) and value.bit_length() >= WIDEST:
        return str(value)
    return value


def _is_many(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, dict))
