"""Run a command that records itself."""

from pathlib import Path

import click

from envprint.errors import EnvprintError
from envprint.manifest.writing import refuse_overwrite
from envprint.recorder.chosen import read_steps, variables_of
from envprint.recorder.launching import launch

TO_A_FILE = "expected -o FILE: the command has standard output for itself"


def run_recorded(  # noqa: PLR0913 - an option each
    command: tuple[str, ...], output: Path, *, force: bool, anonymous: bool, steps: str | None, modules: bool
) -> int:
    """Run a command, recorded to a file; return its status. Raises where the recording has no place."""
    if str(output) == "-":
        raise EnvprintError(f"no file was named to record to; {TO_A_FILE}")
    if anonymous:
        raise EnvprintError("--anonymous is not for recorded runs yet; leave it out")
    if not output.absolute().parent.is_dir():
        raise EnvprintError(f"there is no folder {output.parent}")
    for each in (output, *output.parent.glob(f"{output.stem}.rank*{output.suffix}")):
        refuse_overwrite(each, force=force)
    done = launch(command, output, variables_of(None if steps is None else read_steps(steps), modules=modules))
    written = ", ".join(map(str, done.manifests))
    click.echo(
        f"envprint: recorded to {written}" if written else f"envprint: nothing was recorded: {done.reason}", err=True
    )
    return done.status
