"""Start a command that records itself: the recorder comes to life in it as Python starts."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

STARTUP = Path(__file__).parent / "startup"
NOT_FOUND, SIGNALLED = 127, 128  # as shells say it


def recorded_environment(path: Path) -> dict[str, str]:
    """Return the environment in which a command of this process records itself to a file."""
    return {
        **os.environ,
        "ENVPRINT_RECORD": str(path.absolute()),
        "ENVPRINT_RECORD_PARENT": str(os.getpid()),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(STARTUP), os.environ.get("PYTHONPATH", "")))),
    }


def launch(command: Sequence[str], path: Path) -> int:
    """Run a command with its output untouched, recorded to a file; return its status, as a shell has it."""
    try:
        child = subprocess.Popen(command, env=recorded_environment(path))
    except OSError:
        return NOT_FOUND
    with _passing_on(child):
        status = child.wait()
    return status if status >= 0 else SIGNALLED - status


@contextlib.contextmanager
def _passing_on(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Leave Ctrl-C, which a terminal sends to both, to the command, and pass on what is sent to this process alone."""

    def pass_on(number: int, _: FrameType | None) -> None:
        child.send_signal(number)

    kept = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    kept[signal.SIGTERM] = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        for number, before in kept.items():
            signal.signal(number, before)
