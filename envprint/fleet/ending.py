"""A signal to end that is heard from the beginning: torchrun sends it as soon as one rank has failed.

It then waits 30 s before it kills, which is time to report: https://docs.pytorch.org/docs/stable/elastic/agent.html.
"""

import os
import signal
import threading
from types import FrameType

ENDED = threading.Event()


def heed() -> None:
    """Have a signal to end cut the waiting for other ranks short, and stop no rank before it has left its manifest."""
    if "RANK" in os.environ and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)


def _end(_: int, __: FrameType | None) -> None:
    ENDED.set()
