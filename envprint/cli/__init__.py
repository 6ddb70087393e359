"""The command line: options, one call, one render, an exit status."""

import gc
import sys
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click

from envprint.errors import EnvprintError

SAME, DIFFERENT, TROUBLE = 0, 1, 2
INTERRUPTED = 130  # 128 + SIGINT, as shells say it
FORMATS = ("text", "json")
STANDARD_OUTPUT = Path("-")
Kind: TypeAlias = Literal["default", "full"]

format_option = click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="What to print."
)
anonymous_option = click.option("--anonymous", is_flag=True, help="Leave out host, user and home folder.")


class Group(click.Group):
    """The one place where an error becomes a line on standard error and status 2, and Ctrl-C a status alone."""

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """Parse the options before the command; one that there is not is said in a line too."""
        try:
            return super().make_context(*arguments, **extra)
        except getattr(click.exceptions, "NoArgsIsHelpError", ()):  # click 8.2: the help itself
            raise
        except click.UsageError as exc:
            _say(exc.format_message(), "envprint --help")
            raise click.exceptions.Exit(TROUBLE) from exc

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; say errors of envprint in a line each."""
        gc.disable()  # what a command loads it keeps to its end: looking for garbage took 8 % of a diff
        try:
            return super().invoke(ctx)
        except EnvprintError as exc:
            _say(str(exc), exc.hint)
            ctx.exit(TROUBLE)
        except click.UsageError as exc:  # click's own wording takes four lines
            _say(exc.format_message(), f"{(exc.ctx or ctx).command_path} --help")
            ctx.exit(TROUBLE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def _say(message: str, hint: str | None) -> None:
    from envprint.renderers.plain import plain

    click.echo(f"envprint: {plain(message)}", err=True)
    if hint:
        click.echo(f"hint: {plain(hint)}", err=True)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="envprint", message="envprint %(version)s")
def main() -> None:
    """Say why two PyTorch runs, machines or reloaded models disagree."""


@main.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-", show_default=True,
    help="Where to; - is standard output.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option(
    "--probe", type=click.Choice(("default", "full")), default="default", show_default=True,
    help="Which probes to run; full: orders of addition, optimizers and torch.compile too.",
)  # fmt: skip
@click.option("--no-probe", is_flag=True, help="Run no probes.")
@anonymous_option
def capture(output: Path, *, force: bool, probe: Kind, no_probe: bool, anonymous: bool) -> None:
    """Capture this machine as a fresh process sees it, and what its probe kernels compute.

    The flags, threads and seeds that a script sets are captured in it, by envprint.capture().
    """
    from envprint.cli._capture import capture_with_progress
    from envprint.cli._output import print_manifest
    from envprint.manifest import write
    from envprint.manifest.writing import refuse_overwrite

    kind = None if no_probe else probe
    if output == STANDARD_OUTPUT:
        print_manifest(capture_with_progress(anonymous=anonymous, probe=kind), "json")
        return
    refuse_overwrite(output, force=force)
    write(capture_with_progress(anonymous=anonymous, probe=kind), output, force=force)


@main.command()
@click.argument("a")
@click.argument("b", required=False)
@format_option
@click.pass_context
def diff(ctx: click.Context, a: str, b: str | None, format_: str) -> None:
    """Explain how A and B differ; without B, A and this machine now.

    A and B are manifests or saved texts of torch's collect_env; - is standard input. Status: 0 nothing that matters
    differs, 1 it does or nobody can tell, 2 trouble.
    """
    from envprint.causes import explain
    from envprint.cli._output import print_report
    from envprint.manifest import load

    if a == b == "-":
        raise EnvprintError("both sides are standard input; one can be")
    left = load(a)
    if b is None:
        from envprint.cli._capture import capture_with_progress

        right = capture_with_progress(probe=left.probes.kind if left.probes else None)
    else:
        right = load(b)
    report = explain(left, right, name_a=a, name_b=b or "this machine")
    print_report(report, format_)
    ctx.exit(SAME if report.verdict in ("identical", "equivalent") else DIFFERENT)


@main.command()
@click.option("--against", metavar="MANIFEST", help="Run here what MANIFEST has, and say the drift.")
@click.option("--order", metavar="KERNEL", help="Draw the order in which a kernel adds: matmul, sum, dot-f64.")
@click.option("--device", default="cpu", show_default=True, help="Of which device --order is asked: cuda:0.")
@click.option("--full", is_flag=True, help="Orders of addition, optimizers and torch.compile too.")
@click.option(
    "--format", "format_", type=click.Choice((*FORMATS, "svg")), default="text", show_default=True,
    help="What to print; svg: with --order.",
)  # fmt: skip
@click.pass_context
def probe(  # noqa: PLR0913 - an option each
    ctx: click.Context, *, against: str | None, order: str | None, device: str, full: bool, format_: str
) -> None:
    """Run the probe kernels here and say what they compute.

    Status with --against: 0 every kernel that both have gives the same bits, 1 one does not, 2 trouble.
    """
    from envprint.cli import _probe

    if against is not None and order is not None:
        raise EnvprintError("--against and --order are two questions; one can be asked")
    if format_ == "svg" and order is None:
        raise EnvprintError("only --order is drawn as svg")
    if order is not None:
        _probe.print_order(order, device, format_)
    elif against is not None:
        ctx.exit(SAME if _probe.print_drift(against, format_) else DIFFERENT)
    else:
        _probe.print_kernels("full" if full else "default", format_)


@main.command()
@click.argument("manifest")
@format_option
def show(manifest: str, format_: str) -> None:
    """Show one manifest, readable.

    MANIFEST may be a saved text of torch's collect_env too; - is standard input.
    """
    from envprint.cli._output import print_manifest
    from envprint.manifest import load

    print_manifest(load(manifest), format_)


if __name__ == "__main__":
    sys.exit(main())
