"""Manifests of made fleets: real ones, with what differs between machines changed."""

import copy
from pathlib import Path
from typing import Any

import orjson

SAMPLES = Path(__file__).parent.parent.parent / "samples"


def real(name: str) -> dict[str, Any]:
    """Return a manifest of the samples as plain values, to be changed: without its id, which would be another."""
    document: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    del document["id"]
    return document


def with_other_bits(document: dict[str, Any], *kernels: str, device: str = "cpu") -> dict[str, Any]:
    """Return a manifest of a machine whose kernels give other bits."""
    changed = copy.deepcopy(document)
    for name in kernels:
        probe = changed["probes"]["kernels"][device][name]
        probe["digest"] = probe["digest"][:-4] + ("AAAA" if not probe["digest"].endswith("AAAA") else "BBBB")
    return changed


def with_fact(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a manifest with another value at a path."""
    changed = copy.deepcopy(document)
    *above, last = path.split(".")
    place = changed
    for key in above:
        place = place.setdefault(key, {})
    place[last] = value
    return changed


def without_kernels(document: dict[str, Any], *kernels: str) -> dict[str, Any]:
    """Return a manifest of a machine where kernels were not run."""
    changed = copy.deepcopy(document)
    for name in kernels:
        del changed["probes"]["kernels"]["cpu"][name]
    return changed


def write_all(folder: Path, machines: dict[str, dict[str, Any]]) -> list[str]:
    """Write manifests by the names of their machines; return the files."""
    for name, document in machines.items():
        (folder / f"{name}.json").write_bytes(orjson.dumps(document))
    return [str(folder / f"{name}.json") for name in machines]
