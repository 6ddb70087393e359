"""Collect every installed distribution, from the names of folders: no metadata is parsed where the name tells."""

import functools
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from envprint.collectors import _linux, _outside, origins
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.software import Origin, Packages

# numpy-2.4.6.dist-info, torch-2.13.0+cpu.dist-info, PyYAML-5.4.1-py3.8-linux-x86_64.egg, envprint.egg-info
METADATA = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*?)"
    r"(?:-(?P<version>(?:\d+!)?\d[A-Za-z0-9.+_]*)(?:-py\d[\d.]*)?(?:-[\w.-]+)?)?"
    r"\.(?P<kind>dist-info|egg-info|egg)"
)
FILES = {"dist-info": "METADATA", "egg-info": "PKG-INFO", "egg": "EGG-INFO/PKG-INFO"}
VENDORED = "_vendor"  # setuptools puts its private copies on sys.path when it is imported (setuptools 71)


class Distribution(NamedTuple):
    """One installed distribution: its normalised name, its version, the folder it was found in, its metadata."""

    name: str
    version: str
    folder: str
    metadata: str


def collect_packages(gaps: Gaps) -> Packages:
    """Read what is installed on sys.path, where it came from, and what conda installed."""
    folders = list(search_folders(sys.path))
    found = [one for folder in folders for one in find_distributions(folder)]
    known = find_origins(folders, found, gaps.within("origins"))
    return Packages(
        installed={one.name: one.version for one in reversed(found)},
        origins=known,
        twice=find_twice(found, known),
        conda=gaps.ask("conda", lambda: conda_packages(_conda_prefixes())),
    )


def search_folders(search: Iterable[str]) -> Iterator[str]:
    """Return the folders of a search path once each: it may name one twice, and lib64 may be a link to lib."""
    seen = set()
    for entry in search:
        try:
            folder = entry or str(Path.cwd())
            status = os.stat(folder)  # noqa: PTH116 - half the time of Path.stat
        except OSError:
            continue
        if (status.st_dev, status.st_ino) not in seen and not folder.endswith(VENDORED):
            seen.add((status.st_dev, status.st_ino))
            yield folder


def find_distributions(folder: str) -> list[Distribution]:
    """Return the distributions of one folder of the search path; what cannot be listed cannot be imported either."""
    above, base = os.path.split(folder)
    if base.endswith(".egg"):  # easy_install put the egg itself on the path
        return list(filter(None, [_distribution(above, base)]))
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is asked for
    except OSError:
        return []
    named = [_distribution(folder, name) for name in names if name.endswith((".dist-info", ".egg-info"))]
    found = [one for one in named if one is not None]
    return found if len({one.name for one in found}) == len(found) else _whole_first(found)


def find_origins(folders: Iterable[str], found: Sequence[Distribution], gaps: Gaps) -> dict[str, Origin]:
    """Return the origin of each package that came from no index; one that cannot be read leaves a gap.

    The copy that is imported counts: an editable install counts where that copy is its sources.
    """
    first = {one.name: one for one in reversed(found)}
    known: dict[str, Origin] = {}
    for one in found:
        origin = gaps.ask(one.name, lambda one=one: origins.read_origin(one.metadata))  # type: ignore[misc]
        if origin is not None and (first[one.name] == one or _runs_from(origin, first[one.name].folder)):
            known.setdefault(one.name, origin)
    for folder in folders:
        for name, origin in (gaps.ask("", lambda folder=folder: origins.read_links(folder)) or {}).items():  # type: ignore[misc]
            known.setdefault(_normalised(name), origin)
    return known


def find_twice(found: Iterable[Distribution], known: Mapping[str, Origin]) -> dict[str, tuple[str, ...]]:
    """Return `version in folder` of what is there more than once, the one that counts first.

    The sources of an editable install carry metadata of their own: the same code, not a second copy.
    """
    copies: dict[str, list[str]] = {}
    for one in found:
        if one.name not in known or not _runs_from(known[one.name], one.folder):
            copies.setdefault(one.name, []).append(f"{one.version} in {one.folder}")
    return {name: tuple(places) for name, places in copies.items() if len(places) > 1}


def conda_packages(prefixes: Iterable[str]) -> dict[str, str]:
    """Return `version=build` of each package in the first conda environment, from the names of its records.

    numpy-1.26.4-py311h64a7726_0.json: the build tells which BLAS a package was linked with.
    """
    for prefix in prefixes:
        folder = Path(prefix) / "conda-meta"
        if folder.is_dir():
            names = (name.removesuffix(".json") for name in _linux.list_folder(folder) if name.endswith(".json"))
            parts = (name.rsplit("-", 2) for name in names if name.count("-") > 1)
            return {name: f"{version}={build}" for name, version, build in parts}
    raise Absent("this is no conda environment")


def _conda_prefixes() -> Iterator[str]:
    yield sys.prefix
    yield sys.base_prefix
    if "CONDA_PREFIX" in os.environ:
        yield os.environ["CONDA_PREFIX"]


def _whole_first(found: Sequence[Distribution]) -> list[Distribution]:
    # an interrupted upgrade leaves a .dist-info without METADATA: the whole one counts
    return sorted(found, key=lambda one: (one.name, not _is_whole(one), one.version))


def _is_whole(one: Distribution) -> bool:
    metadata = Path(one.metadata)
    return metadata.is_file() or any((metadata / file).exists() for file in FILES.values())


def _distribution(folder: str, name: str) -> Distribution | None:
    parsed = _parse(name)
    if parsed is None:
        return None
    package, version, kind = parsed
    metadata = f"{folder}/{name}"
    return Distribution(package, version or _read_version(Path(metadata), kind), folder, metadata)


@functools.lru_cache(maxsize=4096)
def _parse(name: str) -> tuple[str, str | None, str] | None:
    found = METADATA.fullmatch(name)
    if found is None:  # ~umpy-2.4.6.dist-info: what pip moved aside and could not delete
        return None
    return _normalised(found["name"]), found["version"], found["kind"]


def _normalised(name: str) -> str:
    # https://packaging.python.org/en/latest/specifications/name-normalization
    return re.sub(r"[-_.]+", "-", name).lower()


def _read_version(metadata: Path, kind: str) -> str:
    try:
        text = _outside.read_text(metadata if metadata.is_file() else metadata / FILES[kind])
    except (OSError, Absent):
        return ""
    stated = re.search(r"^Version:\s*(\S+)", text, re.MULTILINE)
    return stated[1] if stated else ""


def _runs_from(origin: Origin, folder: str) -> bool:
    source = origins.source_folder(origin)
    return source is not None and Path(folder).is_relative_to(source)
