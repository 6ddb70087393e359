"""The command line: options, one call, one render, an exit status."""

import sys
from pathlib import Path

import click

from envprint.cli._fleet import fleet
from envprint.cli._group import (
    DIFFERENT,
    FORMATS,
    SAME,
    Group,
    Kind,
    anonymous_option,
    force_option,
    format_option,
    no_probe_option,
    output_option,
    probe_option,
    report_format_option,
)
from envprint.cli._knowledge import cause, doctor
from envprint.cli._registry import ls, pull, push
from envprint.cli._serve import serve
from envprint.cli._sweep import sweep
from envprint.errors import EnvprintError

STANDARD_OUTPUT = Path("-")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="envprint", message="envprint %(version)s")
def main() -> None:
    """Say why two PyTorch runs, machines or reloaded models disagree."""


@main.command()
@output_option
@force_option
@probe_option
@no_probe_option
@anonymous_option
@click.option("--steps", metavar="A:B", help="Of a run: keep each step from A to B, and read it whole.")
@click.option("--modules", is_flag=True, help="With --steps: what each module gives there, forward and backward.")
@click.option("--push", "pushed", is_flag=True, help="Push it to the registry of ENVPRINT_SERVER, and print its id.")
@click.option("--label", help="With --push: what it is called there.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def capture(  # noqa: PLR0913 - an option each
    ctx: click.Context,
    *,
    output: Path,
    force: bool,
    probe: Kind,
    no_probe: bool,
    anonymous: bool,
    steps: str | None,
    modules: bool,
    pushed: bool,
    label: str | None,
    command: tuple[str, ...],
) -> None:
    """Capture this machine as a fresh process sees it, and what its probe kernels compute.

    With a command behind --, as `envprint capture -o run.json -- python train.py`, that is run, and recorded as it
    trains, without a change to its code: seeds, batches, losses, weights. The status is the command's own then.
    """
    if label is not None and not pushed:
        raise EnvprintError("--label is of a push; expected --push")
    if command:
        if pushed:
            raise EnvprintError("--push is not for a run; expected -o FILE", hint="then: envprint push FILE")
        from envprint.cli._recording import run_recorded

        ctx.exit(run_recorded(command, output, force=force, anonymous=anonymous, steps=steps, modules=modules))
    if steps is not None or modules:
        raise EnvprintError("--steps and --modules are of a run; expected its command, as -- python train.py")
    from envprint.cli._capture import capture_with_progress
    from envprint.cli._output import print_manifest
    from envprint.cli._registry import push_manifest
    from envprint.manifest import write
    from envprint.manifest.writing import refuse_overwrite

    if output != STANDARD_OUTPUT:
        refuse_overwrite(output, force=force)
    manifest = capture_with_progress(anonymous=anonymous, probe=None if no_probe else probe)
    if output != STANDARD_OUTPUT:
        write(manifest, output, force=force)
    elif not pushed:
        print_manifest(manifest, "json")
    if pushed:
        push_manifest(manifest, label, server=None)


@main.command()
@click.argument("sides", nargs=-1, metavar="A [B]...")
@click.option("--label", metavar="LABEL", help="Compare all that the registry has under this label.")
@click.option("--noise", metavar="SWEEP", help="Say of two runs whether they are further apart than seeds make them.")
@report_format_option
@click.pass_context
def diff(ctx: click.Context, sides: tuple[str, ...], *, label: str | None, noise: str | None, format_: str) -> None:
    """Explain how A and B differ; without B, A and this machine now; of more, or a folder, which compute the same bits.

    A and B are manifests, saved models, or saved texts of torch's collect_env; - is standard input. Of two saved models
    the tensors are compared, too, and whatever else of a model their manifests describe. Of many manifests the odd ones
    out are named, and the fewest facts that tell them apart. Where ENVPRINT_SERVER names a registry, its ids will do.
    Status: 0 nothing that matters differs, 1 it does or nobody can tell, 2 trouble.
    """
    from envprint.cli import _many
    from envprint.cli._output import print_report
    from envprint.cli._sides import explain_against_here, explain_files, with_noise

    if sides.count("-") > 1:
        raise EnvprintError("both sides are standard input; one can be")
    if _many.are_many(sides, label):
        ctx.exit(SAME if _many.print_many(sides, format_, noise, label) else DIFFERENT)
    if not sides:
        raise click.MissingParameter(param_hint="'A [B]...'", param_type="argument")
    a, b = sides[0], sides[1] if sides[1:] else None
    report = explain_against_here(a) if b is None else explain_files(a, b)
    if noise is not None:
        report = with_noise(report, a, b, noise)
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
@click.option("--lineage", is_flag=True, help="Who trained the saved model, and who resumed.")
@format_option
def show(manifest: str, *, lineage: bool, format_: str) -> None:
    """Show one manifest, readable.

    MANIFEST may be a saved model that carries one, or a saved text of torch's collect_env; - is standard input.
    """
    from envprint.checkpoints.loading import load
    from envprint.cli._output import print_lineage, print_manifest

    (print_lineage if lineage else print_manifest)(load(manifest), format_)


@main.command()
@click.argument("checkpoint")
@click.option("--manifest", metavar="FILE", help="What to embed; without it, this machine as `capture` sees it.")
@click.option("--resumed-from", metavar="CHECKPOINT", help="Keep the history of the checkpoint that it goes on from.")
@probe_option
@no_probe_option
@anonymous_option
def embed(  # noqa: PLR0913 - an option each
    checkpoint: str, *, manifest: str | None, resumed_from: str | None, probe: Kind, no_probe: bool, anonymous: bool
) -> None:
    """Put a manifest into a saved model: its tensors keep their bytes, a kill at any moment leaves it whole.

    CHECKPOINT is a file of torch, safetensors or ONNX, or a folder; beside any other file the manifest lies as
    CHECKPOINT.envprint.json. A manifest that it carries already is kept as its lineage.
    """
    from envprint.cli._saved import embed_with_progress

    kind = None if no_probe else probe
    embed_with_progress(checkpoint, manifest, resumed_from=resumed_from, probe=kind, anonymous=anonymous)


@main.command()
@click.argument("checkpoint")
@output_option
@force_option
def extract(checkpoint: str, output: Path, *, force: bool) -> None:
    """Take the manifest out of a saved model, which stays as it is."""
    from envprint.checkpoints.embedding import extract as extract_manifest
    from envprint.cli._output import print_manifest
    from envprint.manifest import write

    manifest = extract_manifest(checkpoint)
    if output == STANDARD_OUTPUT:
        print_manifest(manifest, "json")
    else:
        write(manifest, output, force=force)


@main.command()
@click.argument("checkpoint")
@report_format_option
@click.pass_context
def check(ctx: click.Context, checkpoint: str, format_: str) -> None:
    """Say whether a saved model will behave here as where it was saved.

    Compares this machine with the manifest that it carries, and runs the probes that this has. Status: 0 it will, 1 it
    will not or nobody can tell, 2 trouble.
    """
    from envprint.cli._saved import check_here

    ctx.exit(SAME if check_here(checkpoint, format_) else DIFFERENT)


main.add_command(cause)
main.add_command(doctor)
main.add_command(fleet)
main.add_command(ls)
main.add_command(pull)
main.add_command(push)
main.add_command(serve)
main.add_command(sweep)

if __name__ == "__main__":
    sys.exit(main())
