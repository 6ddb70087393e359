"""The commands of a registry's server: to serve, and who may push."""

from typing import Any

import click

from envprint.errors import EnvprintError

EXTRA = "pip install 'envprint[server]'"
database_option = click.option(
    "--database", metavar="ADDRESS", envvar="ENVPRINT_DATABASE",
    help="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME; without it, a file in the user's data directory.",
)  # fmt: skip


@click.group(invoke_without_command=True)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to serve; others reach it on 0.0.0.0."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True, help="0 is any that is free.")
@database_option
@click.option("--private", is_flag=True, help="Reading takes a token, too.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), default=500, show_default=True,
    help="Requests a second of one client; a comparison counts as 20, of many as 100.",
)  # fmt: skip
@click.pass_context
def serve(  # noqa: PLR0913 - an option each
    ctx: click.Context, *, host: str, port: int, database: str | None, private: bool, rate: float
) -> None:
    """Serve a registry of manifests: pushed, found, and compared in a browser.

    Without a token, whoever can reach it may push: on 127.0.0.1 that is this machine. Beyond it, pushing takes a token.
    """
    ctx.obj = database
    if ctx.invoked_subcommand is None:
        serving = _server("serving")
        serving.serve(host, port, database, _tell, private=private, rate=rate)


@serve.group()
def tokens() -> None:
    """Make, show and take away the tokens with which others push."""


@tokens.command()
@click.argument("name")
@database_option
@click.pass_obj
def add(given: str | None, name: str, *, database: str | None) -> None:
    """Make a token for NAME and print it: the registry keeps its digest alone, and can tell it never again."""
    if not name or len(name) > 200 or not name.isprintable():  # noqa: PLR2004 - the column's
        raise EnvprintError(f"{name[:80]!r} is no name for a token; expected up to 200 printable characters")
    click.echo(_tokens(database or given).add(name))


@tokens.command(name="list")
@database_option
@click.pass_obj
def list_(given: str | None, *, database: str | None) -> None:
    """Print who has a token, and since when."""
    from envprint.renderers.plain import plain

    for name, made_at in _tokens(database or given).made().items():
        click.echo(f"{made_at}  {plain(name)}")


@tokens.command()
@click.argument("name")
@database_option
@click.pass_obj
def remove(given: str | None, name: str, *, database: str | None) -> None:
    """Take NAME's token away; within two seconds no server takes it any more."""
    _tokens(database or given).remove(name)


def _tokens(database: str | None) -> Any:
    made = _server("tokens")
    return made.Tokens(_server("database").open_database(database))


def _server(module: str) -> Any:
    """Return a module of the server, which an extra brings."""
    import importlib

    try:
        return importlib.import_module(f"envprint.registry.{module}")
    except ModuleNotFoundError as exc:
        raise EnvprintError(f"a registry is served with {exc.name}, which is not installed", hint=EXTRA) from exc


def _tell(line: str) -> None:
    click.echo(f"envprint: {line}", err=True)
