"""How a collector asks for many things of which some fail: what fails leaves a gap, with its reason."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from envprint.collectors._outside import Absent
from envprint.manifest import Gap

T = TypeVar("T")


class Gaps:
    """The gaps that one collector meets, by path; `within` narrows it to a field that is a record of its own."""

    def __init__(self, path: str, found: dict[str, Gap] | None = None) -> None:
        self.path = path
        self.found: dict[str, Gap] = {} if found is None else found

    def within(self, field: str) -> "Gaps":
        """Return the same collection, for what lies under a field."""
        return Gaps(f"{self.path}.{field}", self.found)

    def ask(self, field: str, question: Callable[[], T]) -> T | None:
        """Return the answer; on failure note the gap and return None."""
        try:
            return question()
        except Exception as exc:  # noqa: BLE001 - a manifest with a gap beats no manifest
            self.note(field, exc)
            return None

    def ask_all(self, questions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Return the answers by field, each asked on its own."""
        return {field: self.ask(field, question) for field, question in questions.items()}

    def note(self, field: str, exc: Exception) -> None:
        """Note why a field, or the whole section ("" as field), could not be read."""
        path = f"{self.path}.{field}" if field else self.path
        self.found[path] = gap_from(exc)


def gap_from(exc: Exception) -> Gap:
    """Return the gap that an exception leaves: absent by nature, or failed."""
    if isinstance(exc, Absent):
        return Gap(kind="absent", reason=str(exc))
    return Gap(kind="failed", reason=f"{type(exc).__name__}: {exc}"[:300])
