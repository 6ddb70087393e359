"""The commands of a registry's client: push, pull, and list."""

from pathlib import Path
from typing import Any

import click

from envprint.cli._group import force_option, format_option, output_option

STANDARD_OUTPUT = Path("-")
COLUMNS = ("id", "received", "host", "gpu", "torch", "labels")
server_option = click.option(
    "--server", metavar="URL", help="The registry; without it, ENVPRINT_SERVER, else the one of this machine."
)


@click.command()
@click.argument("manifest")
@click.option("--label", help="What it is called there, as 'run 12'.")
@server_option
def push(manifest: str, *, label: str | None, server: str | None) -> None:
    """Push a manifest to a registry and print its id; it is kept once, however often it is pushed.

    MANIFEST may be a saved model that carries one; - is standard input. ENVPRINT_TOKEN holds the token.
    """
    from envprint.checkpoints.loading import load

    push_manifest(load(manifest), label, server)


@click.command()
@click.argument("id_", metavar="ID")
@output_option
@force_option
@server_option
def pull(id_: str, output: Path, *, force: bool, server: str | None) -> None:
    """Take a manifest from a registry, by its id or the beginning of it."""
    from envprint.cli._output import print_manifest
    from envprint.manifest import write
    from envprint.registry.client import client_of

    manifest = client_of(server).pull(id_)
    if output == STANDARD_OUTPUT:
        print_manifest(manifest, "json")
    else:
        write(manifest, output, force=force)


@click.command()
@click.option("--label", help="Those of this label.")
@click.option("--host", help="Those of this host.")
@click.option("--gpu", help="Those with a GPU that is called so, in part.")
@click.option("--cause", help="Those in which this cause was found, as by envprint doctor.")
@click.option("--most", type=click.IntRange(min=1), default=50, show_default=True, help="How many, the latest first.")
@server_option
@format_option
def ls(  # noqa: PLR0913 - an option each
    *,
    label: str | None,
    host: str | None,
    gpu: str | None,
    cause: str | None,
    most: int,
    server: str | None,
    format_: str,
) -> None:
    """List the manifests of a registry, the latest first."""
    import itertools

    from envprint.cli._output import print_json, print_text
    from envprint.registry.client import client_of

    found = list(itertools.islice(client_of(server).list(label=label, host=host, gpu=gpu, cause=cause), most))
    if format_ == "json":
        print_json({"manifests": found})
    else:
        print_text("".join(f"{_line(each)}\n" for each in found))


def push_manifest(manifest: Any, label: str | None, server: str | None) -> None:
    """Push a manifest, and print its id."""
    from envprint.cli._output import print_text
    from envprint.registry.client import client_of
    from envprint.renderers.plain import plain

    id_, new = client_of(server).push(manifest, label)
    if not new:
        click.echo("envprint: it was there already", err=True)
    print_text(f"{plain(id_)}\n")


def _line(found: dict[str, Any]) -> str:
    from envprint.renderers.plain import plain

    digest, received = (str(found.get(name, "")) for name in ("id", "received_at"))
    facts = [str(found.get(name) or "-") for name in ("host", "gpu", "torch")]
    labels = ", ".join(found.get("labels") or {})
    return plain(
        "  ".join([digest.removeprefix("sha256:")[:12], received[:16].replace("T", " "), *facts, labels])
    ).rstrip()
