"""Capture with a sign of life: importing torch takes seconds."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable, Iterator

from envprint.manifest import Manifest
from envprint.manifest.probes import Kind


def capture_with_progress(*, anonymous: bool = False, probe: Kind | None = "default") -> Manifest:
    """Return a manifest of this machine; on a terminal standard error shows what is being done until it is there."""
    from envprint.collectors import capture_fresh

    with progress("capturing this machine") as tick, standard_output_kept_clean():
        return capture_fresh(anonymous=anonymous, probe=probe, tick=tick)


@contextlib.contextmanager
def progress(doing: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner on standard error where that is a terminal; yield what tells it of the next step."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(doing) as status:
        yield lambda step: status.update(f"{doing}: {step}")


@contextlib.contextmanager
def standard_output_kept_clean() -> Iterator[None]:
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
