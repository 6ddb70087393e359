"""Print what a command answers: in colour on a terminal, else as plain text."""

import sys

import click
from rich.console import Console, RenderableType

from envprint.manifest import Manifest
from envprint.renderers import render
from envprint.renderers.manifest import lay_out_manifest
from envprint.renderers.plain import json_text
from envprint.renderers.text import WIDTH, draw, lay_out
from envprint.report import Report


def print_report(report: Report, format_: str) -> None:
    """Print a report."""
    if format_ == "text":
        _print_layout(lay_out(report))
    else:
        click.echo(render(report, format_), nl=False)


def print_manifest(manifest: Manifest, format_: str) -> None:
    """Print one manifest."""
    if format_ == "text":
        _print_layout(lay_out_manifest(manifest))
    else:
        click.echo(json_text(manifest.as_json()), nl=False)


def _print_layout(layout: RenderableType) -> None:
    if not sys.stdout.isatty():
        click.echo(draw(layout), nl=False)
        return
    console = Console(markup=False, highlight=False, emoji=False)  # it respects NO_COLOR
    console.width = min(console.width, WIDTH)
    console.print(layout)
