"""The command that measures what the seed alone makes of a run."""

from pathlib import Path

import click

from envprint.cli._group import FORMATS, force_option
from envprint.errors import EnvprintError

STANDARD_OUTPUT = Path("-")


@click.command()
@click.option("--seeds", required=True, metavar="0,1,2", help="Which seeds, two or more.")
@click.option("--metric", metavar="PATTERN", help="A regular expression around the number that the command prints.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-", show_default=True,
    help="Where to, as JSON; - prints it.",
)  # fmt: skip
@force_option
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="What to print."
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
def sweep(  # noqa: PLR0913 - an option each
    *, seeds: str, metric: str | None, output: Path, force: bool, format_: str, command: tuple[str, ...]
) -> None:
    """Run COMMAND once for each seed, and say how far its result scatters by the seed alone.

    The seeds are set from outside: whatever the command itself seeds with becomes that seed. The result is the last
    loss, or with --metric the last number that the pattern finds in what it prints.
    """
    from envprint.cli._capture import progress
    from envprint.cli._output import print_layout, print_text
    from envprint.manifest.writing import refuse_overwrite, replace_file
    from envprint.recorder.sweeping import sweep as run_sweep
    from envprint.renderers.sweep import lay_out_sweep

    if output != STANDARD_OUTPUT:
        refuse_overwrite(output, force=force)
    with progress("sweeping") as tick:
        found = run_sweep(command, _numbers(seeds), metric, tick)
    if output != STANDARD_OUTPUT:
        replace_file(output, found.as_json())
    if format_ == "json":
        print_text(found.as_json().decode())
    else:
        print_layout(lay_out_sweep(found))


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and int(part) < 2**32 for part in parts):
        raise EnvprintError(f"--seeds is {text!r:.80}; expected whole numbers below 2**32, as 0,1,2")
    return tuple(map(int, parts))
