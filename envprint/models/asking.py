"""Ask for one part of a description: where there is no answer, the reason is noted, and the rest is described."""

from collections.abc import Callable
from typing import Any

from envprint.manifest.gaps import gap_from


def ask(part: str, unread: dict[str, str], question: Callable[[], Any]) -> Any:
    """Return the answer; where there is none note why, and return None: no training dies of it."""
    try:
        return question()
    except Exception as exc:  # noqa: BLE001 - a description with a gap beats none
        unread[part] = gap_from(exc).reason
        return None
