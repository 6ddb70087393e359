"""How collectors and probes ask for many things of which some fail: what fails leaves a gap, with its reason."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from envprint.manifest.document import Gap
from envprint.manifest.secrets import mask

T = TypeVar("T")
LONGEST = 300  # characters of a reason


class Absent(Exception):  # noqa: N818 - it is no error: there is nothing to read here, by nature
    """There is nothing to read here, by nature."""


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

    def note(self, field: str, exc: BaseException) -> None:
        """Note why a field, or the whole section ("" as field), could not be read."""
        path = f"{self.path}.{field}" if field else self.path
        self.found[path] = gap_from(exc)


def gap_from(exc: BaseException) -> Gap:
    """Return the gap that an exception leaves: absent by nature, or failed."""
    said = _message(exc)
    reason = said if isinstance(exc, Absent) else f"{type(exc).__name__}: {said}"
    masked = mask(readable(reason))  # before it is cut: half a password is no longer told from a word
    return Gap(kind="absent" if isinstance(exc, Absent) else "failed", reason=masked[:LONGEST])


def _message(exc: BaseException) -> str:
    if isinstance(exc, ValidationError):  # its own text repeats the value, which may hold anything
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in exc.errors(include_input=False))
    try:
        return str(exc)
    except Exception:  # noqa: BLE001 - an exception of somebody else's, whose text cannot be made
        return "it cannot be said why"


def readable(text: str) -> str:
    """Return a text that is valid Unicode: a byte of a file name or a variable that is none becomes an escape."""
    return text if text.isascii() else text.encode("utf-8", errors="backslashreplace").decode("utf-8")
