"""Render a report as JSON for programs."""

from envprint.renderers.plain import json_text
from envprint.report import Report


def render_json(report: Report) -> str:
    """Return the report as indented JSON, byte for byte the same for the same report."""
    return json_text(report.model_dump(mode="json", by_alias=True))
