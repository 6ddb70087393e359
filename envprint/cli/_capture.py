"""Capture with a sign of life: importing torch takes seconds."""

import sys

from envprint.manifest import Manifest


def capture_with_progress(*, anonymous: bool = False) -> Manifest:
    """Return a manifest of this machine; on a terminal a spinner turns on standard error until it is there."""
    from envprint.collectors import capture_fresh

    if not sys.stderr.isatty():
        return capture_fresh(anonymous=anonymous)
    from rich.console import Console

    with Console(stderr=True).status("capturing this machine"):
        return capture_fresh(anonymous=anonymous)
