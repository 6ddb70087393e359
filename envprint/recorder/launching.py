"""Start a command that records itself: the recorder comes to life in it as Python starts."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from envprint.recorder.claiming import claimed

STARTUP = Path(__file__).parent / "startup"
NOT_FOUND, NOT_RUNNABLE, SIGNALLED = 127, 126, 128  # as shells say it
PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


@dataclass(frozen=True)
class Launched:
    """What became of a command: its status, as a shell has it, what it wrote, and why that is nothing."""

    status: int
    manifests: tuple[Path, ...] = ()
    reason: str = ""


def recorded_environment(path: Path, claims: Path | None = None) -> dict[str, str]:
    """Return the environment in which a command of this process records itself to a file.

    Without a folder for `claims` only the command itself is recorded, or ranks, and nothing else that it starts.
    """
    return {
        **os.environ,
        "ENVPRINT_RECORD": str(path.absolute()),
        "ENVPRINT_RECORD_PARENT": str(os.getpid()),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(STARTUP), os.environ.get("PYTHONPATH", "")))),
        **({} if claims is None else {"ENVPRINT_RECORD_CLAIMS": str(claims)}),
    }


def launch(command: Sequence[str], path: Path, variables: Mapping[str, str] | None = None) -> Launched:
    """Run a command with its output untouched, recorded to a file, or to one for each rank."""
    with tempfile.TemporaryDirectory(prefix="envprint.", ignore_cleanup_errors=True) as folder:
        claims = Path(folder)
        try:
            child = subprocess.Popen(command, env={**recorded_environment(path, claims), **(variables or {})})
        except OSError as exc:
            status = NOT_RUNNABLE if isinstance(exc, PermissionError) else NOT_FOUND
            return Launched(status, reason=f"{command[0]} cannot be run: {exc.strerror}")
        with _passing_on(child):
            status = child.wait()
        manifests, reason = claimed(claims, path)
    return Launched(status if status >= 0 else SIGNALLED - status, manifests, reason)


@contextlib.contextmanager
def _passing_on(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Leave Ctrl-C, which a terminal sends to both, to the command, and pass on what is sent to this process alone."""

    def pass_on(number: int, _: FrameType | None) -> None:
        child.send_signal(number)

    kept = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    for number in (getattr(signal, name) for name in PASSED_ON if hasattr(signal, name)):
        kept[number] = signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, before in kept.items():
            signal.signal(number, before)
