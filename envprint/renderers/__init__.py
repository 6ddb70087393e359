"""Turn a report into text: a table of renderers by the name that `--format` takes."""

import importlib
from collections.abc import Callable
from typing import TypeAlias

from envprint.report import Report

Renderer: TypeAlias = Callable[[Report], str]

RENDERERS: dict[str, str] = {
    "text": "envprint.renderers.text:render_text",
    "json": "envprint.renderers.json:render_json",
}


def render(report: Report, format_: str = "text") -> str:
    """Return the report in one of the formats of RENDERERS; each is loaded when it is first asked for."""
    module, _, name = RENDERERS[format_].partition(":")
    renderer: Renderer = getattr(importlib.import_module(module), name)
    return renderer(report)
