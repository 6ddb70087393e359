"""Render one manifest as text: a screen or two of what was captured, and what could not be read."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.manifest import SECTIONS, Gap, Manifest
from envprint.renderers.layout import draw
from envprint.renderers.model import model_rows
from envprint.renderers.plain import brief, plain
from envprint.renderers.probes import probe_rows

LABEL_WIDTH = 24
ENTRIES_OF_A_MAP = 8
PATHS_OF_A_REASON = 16


def render_manifest(manifest: Manifest) -> str:
    """Return one manifest as text without colour, ending with a newline."""
    return draw(lay_out_manifest(manifest))


def lay_out_manifest(manifest: Manifest) -> RenderableType:
    """Return one manifest as a layout that a rich console prints."""
    document = manifest.as_json()
    taken = document.get("taken") or {}
    where = " on ".join(brief(taken[key]) for key in ("at", "host") if taken.get(key))
    parts: list[RenderableType] = [Text(f"{plain(manifest.id[:19])}  {where}".rstrip(), style="bold")]
    for name in SECTIONS:
        rows = list(section_rows(name, manifest, document))
        if rows:
            parts += ["", Text(name, style="bold cyan"), _grid(rows)]
    if manifest.lineage:
        earlier = len(manifest.lineage.earlier) + manifest.lineage.omitted
        parts += [
            "",
            Text("lineage", style="bold cyan"),
            _grid([("earlier", f"{earlier}, see envprint show --lineage")]),
        ]
    failed = {path: gap for path, gap in manifest.gaps.items() if gap.kind == "failed"}
    if failed:
        parts += ["", Text("could not be read", style="bold yellow"), _grid(_gap_rows(failed))]
    return Padding(Group(*parts), (0, 1, 0, 1))


def section_rows(name: str, manifest: Manifest, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the rows of a section: what is large in words, of the others each fact."""
    if name == "probes" and manifest.probes:
        return probe_rows(manifest.probes)
    if name == "model" and manifest.model:
        return model_rows(manifest.model)
    return _rows(document.get(name) or {})


def _gap_rows(gaps: Mapping[str, Gap]) -> list[tuple[str, str]]:
    """Return the paths by the reason that they share: a text may lack a hundred for one reason."""
    by_reason: dict[str, list[str]] = {}
    for path, gap in sorted(gaps.items()):
        by_reason.setdefault(gap.reason, []).append(path)
    return [(plain(reason), _first(sorted(paths, key=lambda path: "." in path))) for reason, paths in by_reason.items()]


def _first(paths: list[str]) -> str:
    """Return the first paths, whole sections before fields, and how many more there are."""
    more = len(paths) - PATHS_OF_A_REASON
    return plain(", ".join(paths[:PATHS_OF_A_REASON])) + (f" and {more} more" if more > 0 else "")


def _rows(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in section.items():
        label = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _map_rows(label, value)
        elif isinstance(value, list) and len(value) > ENTRIES_OF_A_MAP:
            yield plain(label), f"{len(value)} entries"
        elif value is not None:
            yield plain(label), brief(value)


def _map_rows(label: str, entries: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if len(entries) > ENTRIES_OF_A_MAP:
        yield plain(label), f"{len(entries)} entries"
    elif all(not isinstance(value, (Mapping, list)) for value in entries.values()):
        text = ", ".join(f"{plain(str(key))} {brief(value)}" for key, value in entries.items() if value is not None)
        if text:
            yield plain(label), text
    else:
        for key, value in entries.items():
            yield from _rows({key: value}, f"{label}.")


def _grid(rows: list[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=2)
    grid.add_column(min_width=LABEL_WIDTH, max_width=36, overflow="fold", style="dim")
    grid.add_column(overflow="fold")
    for label, text in rows:
        grid.add_row("", Text(label), Text(text))
    return grid
