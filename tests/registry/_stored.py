"""Stores of a test's own, and many different manifests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from envprint.manifest import identity
from envprint.registry.database import open_database
from envprint.registry.entry import entry_of
from envprint.registry.store import Push, Store

SAMPLES = Path(__file__).parent.parent.parent / "samples"


@contextmanager
def store_in(folder: Path) -> Iterator[Store]:
    """Open a store on a file of SQLite, and leave none of its connections open."""
    engine = open_database(f"sqlite:///{folder / 'registry.sqlite3'}")
    try:
        yield Store(engine)
    finally:
        engine.dispose()


def document(number: int = 0, **sections: Any) -> dict[str, Any]:
    """Return a small manifest that no other number has, with its right id."""
    made = {"schema": "envprint/manifest/1", "system": {"kernel": f"6.1.{number}"}, **sections}
    return {**made, "id": identity(made)}


def content(number: int = 0, **sections: Any) -> bytes:
    """Return the bytes of such a manifest."""
    return orjson.dumps(document(number, **sections))


def push(number: int, label: str | None = None, **sections: Any) -> Push:
    """Return a request to keep such a manifest."""
    return Push(entry_of(content(number, **sections)), label)
