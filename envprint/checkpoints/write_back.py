"""Begin to write a new file to the disk while the rest of it is still copied.

ext4 renames a file over another only once it has begun to write all of the new one, so that a power failure costs at
most one of the two (auto_da_alloc, https://www.kernel.org/doc/html/latest/admin-guide/ext4.html). It still does; the
rename of a file that was written meanwhile finds little left to begin with.
"""

import contextlib
import ctypes
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

PIECE = 16 << 20  # measured on ext4: 8 and 32 MB differ from it by no more than noise
BEGIN = 2  # SYNC_FILE_RANGE_WRITE, https://man7.org/linux/man-pages/man2/sync_file_range.2.html


@contextlib.contextmanager
def writing_back(file: int, expected: int) -> Iterator[Callable[[int, int], None]]:
    """Yield what is told offset and length of each piece that was copied, and returns at once.

    A thread begins the writing, which takes as long as the disk has no room for more. What it has not come to when the
    block is left is left to the system: where a rename waits for no disk, nothing here does.
    """
    pieces: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
    left = threading.Event()

    def run() -> None:
        while (piece := pieces.get()) and not left.is_set():
            begin(file, *piece, BEGIN)  # a broken disk is for whoever syncs to say, as it is without this

    begin = _sync_file_range()
    thread = threading.Thread(target=run, name="envprint write-back", daemon=True)
    if begin is not None and expected > PIECE:
        with contextlib.suppress(RuntimeError):  # the system gives no thread, or the interpreter is ending
            thread.start()
    try:
        yield lambda offset, length: pieces.put((offset, length))
    finally:
        left.set()
        pieces.put(None)
        if thread.ident is not None:
            thread.join()


def _sync_file_range() -> Any:
    """Return Linux's call, of which Python has none, None elsewhere."""
    if sys.platform != "linux":
        return None
    try:
        call = ctypes.CDLL(None)["sync_file_range"]
    except (OSError, AttributeError):  # a C library without it
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return call
