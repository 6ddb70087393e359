"""Which modules are being called, one within another: of each thread its own."""

import threading
from typing import Any

from envprint.models.values import Told


class Nesting:
    """The calls that have begun and not ended: of each the module, whether it is heard, and what it was given."""

    def __init__(self) -> None:
        self.place = threading.local()

    def begin(self, module: Any, *, heard: bool, given: Told) -> None:
        """Note a call that begins."""
        self._calls().append((module, heard, given))

    def end(self, module: Any) -> tuple[bool, Told]:
        """Return whether a call that ends is heard, and what it was given; those within it that raised end, too."""
        calls = self._calls()
        if not any(each[0] is module for each in calls):
            return False, ""
        while calls[-1][0] is not module:
            calls.pop()
        return calls.pop()[1:]

    def is_within(self, module: Any) -> bool:
        """Tell whether a call that begins comes from within another; the outermost comes anew where its last raised."""
        calls = self._calls()
        if calls and calls[0][0] is module:
            calls.clear()
        return bool(calls)

    def is_heard(self) -> bool:
        """Tell whether the innermost call is heard."""
        return self._calls()[-1][1]

    def clear(self) -> None:
        """Forget what this thread calls."""
        self._calls().clear()

    def _calls(self) -> list[tuple[Any, bool, Told]]:
        if not hasattr(self.place, "calls"):
            self.place.calls = []
        found: list[tuple[Any, bool, Told]] = self.place.calls
        return found
