"""Capture with a sign of life: importing torch takes seconds."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

from envprint.manifest import Manifest


def capture_with_progress(*, anonymous: bool = False) -> Manifest:
    """Return a manifest of this machine; on a terminal a spinner turns on standard error until it is there."""
    from envprint.collectors import capture_fresh

    if sys.stderr is None or not sys.stderr.isatty():
        with _standard_output_kept_clean():
            return capture_fresh(anonymous=anonymous)
    from rich.console import Console

    with Console(stderr=True).status("capturing this machine"), _standard_output_kept_clean():
        return capture_fresh(anonymous=anonymous)


@contextlib.contextmanager
def _standard_output_kept_clean() -> Iterator[None]:
    """Send to standard error what libraries print while they load: MKL_VERBOSE=1 does, plugins of torch do."""
    if sys.stdout is None or sys.stderr is None:
        yield
        return
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        if os.name == "posix":
            ctypes.CDLL(None).fflush(None)  # what C code printed waits in C's own buffer
        os.dup2(kept, 1)
        os.close(kept)
