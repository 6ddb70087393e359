"""Write what many requests push at once in one transaction: each commit waits for the disk, so they share it."""

import queue
import threading
import time
from concurrent.futures import Future

from envprint.registry.refusal import RefusedError
from envprint.registry.store import Push, Store

MOST = 64  # pushes of a transaction
GATHERING = 0.005  # seconds that a push waits for others: a transaction of ten costs hardly more than one of one
WAITING = 256  # pushes that may wait; of more each holds its body in memory
Item = tuple[Push, "Future[bool]"]


class Writer:
    """The one thread of a server that writes manifests; what it answered is on the disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: queue.Queue[Item | None] = queue.Queue(WAITING)
        self._last = 0.0
        self._thread = threading.Thread(target=self._work, name="envprint-writer", daemon=True)
        self._thread.start()

    def put(self, push: Push) -> "Future[bool]":
        """Hand over a push; the result tells whether its manifest is new, once it is on the disk."""
        done: Future[bool] = Future()
        self._last = time.monotonic()
        try:
            self._waiting.put_nowait((push, done))
        except queue.Full:
            raise RefusedError(503, "more is pushed than can be written", hint="push again in a moment") from None
        return done

    def is_busy(self) -> bool:
        """Tell whether something was pushed within the last second."""
        return time.monotonic() - self._last < 1.0

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            items, goes_on = self._gathered(first)
            self._write(items)
            if not goes_on:
                return

    def _gathered(self, first: Item) -> tuple[list[Item], bool]:
        """Return what waits already, and whether more may come."""
        time.sleep(GATHERING)
        items = [first]
        while len(items) < MOST and not self._waiting.empty():
            item = self._waiting.get()
            if item is None:
                return items, False
            items.append(item)
        return items, True

    def _write(self, items: list[Item]) -> None:
        try:
            new = self._store.put([push for push, _ in items])
        except Exception as exc:  # noqa: BLE001 - whatever it is, each that waits is told of it
            for _, done in items:
                done.set_exception(exc)
            return
        for (_, done), is_new in zip(items, new, strict=True):
            done.set_result(is_new)
