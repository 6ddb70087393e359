"""Say of each manifest what `envprint doctor` finds in it, after it was pushed: a push need not wait for that."""

import contextlib
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from envprint.causes.checkup import examine
from envprint.manifest import parse_manifest
from envprint.registry.store import Found, Store
from envprint.registry.writing import Writer

AT_ONCE = 16
EVERY = 1.0  # seconds between looks for new ones; another server may have taken them
LEAST_PAUSE = 9.0  # times as long as it took, while others push: both want the one lock of Python


class Examiner:
    """The one thread of a server that examines manifests; what it has not come to yet is in no search for a cause."""

    def __init__(self, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="envprint-examiner", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, with the manifest that is at hand."""
        self._ends.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ends.wait(EVERY):
            with contextlib.suppress(SQLAlchemyError):  # a database that is away, or busy, is asked again
                self._examine_all()

    def _examine_all(self) -> None:
        while not self._ends.is_set() and (found := self._store.unexamined(AT_ONCE)):
            for each in found:
                began = time.monotonic()
                self._store.keep_causes(each, self._causes(each))
                pause = LEAST_PAUSE * (time.monotonic() - began) if self._writer.is_busy() else 0.0
                if self._ends.wait(pause):
                    return

    def _causes(self, found: Found) -> set[str]:
        """Return what is found in a manifest: nothing in one that cannot be read, which keeps no other waiting."""
        try:
            manifest = parse_manifest(self._store.content(found), found.id)
            return {hazard.cause for hazard in examine(manifest).hazards}
        except SQLAlchemyError:
            raise
        except Exception:  # noqa: BLE001 - values of strangers, in every rule there is
            return set()
