"""Compare many manifests at once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from envprint.errors import EnvprintError

TWO = 2
SHOWN = 12  # digits of an id


def are_many(sides: Sequence[str], label: str | None) -> bool:
    """Tell whether more than two sides are compared: one of them may be a folder of manifests, or a label."""
    return label is not None or len(sides) > TWO or any(_is_folder_of_manifests(each) for each in sides)


def print_many(sides: Sequence[str], format_: str, noise: str | None, label: str | None) -> bool:
    """Print which of them compute the same bits and why the others do not; return whether all do."""
    from envprint.cli._capture import progress
    from envprint.fleet.comparing import compare_files

    if noise is not None:
        raise EnvprintError("--noise compares two recorded runs; name both")
    if "-" in sides:
        raise EnvprintError("of many manifests none is standard input; expected files or folders")
    with progress("comparing") as tick:
        given = _of_registry(sides, label, tick)
        report = compare_files([each for each in sides if each not in given], tick, given)
    print_fleet(report, format_)
    return report.verdict == "equivalent"


def _of_registry(sides: Sequence[str], label: str | None, tick: Callable[[str], None]) -> dict[str, bytes]:
    """Return what the registry has of the sides that are ids, and under a label, by what each is called."""
    from envprint.cli._sides import pulled
    from envprint.manifest import canonical_json

    found = {each: manifest for each in sides if (manifest := pulled(each))}
    if label is not None:
        from envprint.registry.client import client_of

        client = client_of()
        for entry in client.list(label=label):
            tick(f"{len(found)} pulled")
            host = f" {entry['host']}" if entry.get("host") else ""
            found[f"{entry['id'].removeprefix('sha256:')[:SHOWN]}{host}"] = client.pull(entry["id"])
    return {name: canonical_json(manifest.as_json()) for name, manifest in found.items()}


def print_fleet(report: Any, format_: str) -> None:
    """Print what is said of many manifests."""
    from envprint.cli._output import print_json, print_layout, print_text
    from envprint.fleet.markdown import render_fleet_markdown
    from envprint.fleet.page import render_fleet_html
    from envprint.fleet.text import lay_out_fleet

    if format_ == "text":
        print_layout(lay_out_fleet(report))
    elif format_ == "json":
        print_json(report.model_dump(mode="json", by_alias=True))
    else:
        print_text((render_fleet_html if format_ == "html" else render_fleet_markdown)(report))


def _is_folder_of_manifests(name: str) -> bool:
    """Tell whether this is a folder with manifests in it, and not one in which a model was saved with its own."""
    folder = Path(name)
    if not folder.is_dir():
        return False
    from envprint.checkpoints.beside import WEIGHTS
    from envprint.checkpoints.loading import is_manifest

    if any(each.name.endswith(WEIGHTS) for each in folder.iterdir()):
        return False
    return any(is_manifest(each) for each in folder.glob("*.json"))
