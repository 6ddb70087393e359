"""Run a command that records itself."""

from pathlib import Path

from envprint.errors import EnvprintError
from envprint.manifest.writing import refuse_overwrite
from envprint.recorder.launching import launch

TO_A_FILE = "expected -o FILE: the command has standard output for itself"


def run_recorded(command: tuple[str, ...], output: Path, *, force: bool, anonymous: bool) -> int:
    """Run a command, recorded to a file; return its status. Raises where the recording has no place."""
    if str(output) == "-":
        raise EnvprintError(f"no file was named to record to; {TO_A_FILE}")
    if anonymous:
        raise EnvprintError("--anonymous is not for recorded runs yet; leave it out")
    refuse_overwrite(output, force=force)
    return launch(command, output)
