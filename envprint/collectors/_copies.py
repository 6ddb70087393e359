"""Find further copies of libraries where the dynamic linker, or a wheel, would look for them."""

import functools
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from envprint.collectors._libraries import file_name, has_known_rivals, parse_name

LIMIT_CACHE_BYTES = 8 * 1024 * 1024
_CUDA_FOLDERS = ("lib64", "lib")
_NO_LIBRARY = (".a", ".la", ".py", ".pc")


def find_copies(
    stems: Collection[str], candidates: Iterable[str], *, besides: Collection[tuple[int, int]] = ()
) -> dict[str, list[str]]:
    """Return the candidates by the library that they are a copy of: each file once, by its path without links.

    `besides` are files that do not count, as `identify` returns them: those that are loaded.
    """
    found: dict[str, dict[tuple[int, int], str]] = {}
    starts = tuple(stems)
    for path in candidates:
        name = file_name(path)
        if not name.startswith(starts) or name.endswith(_NO_LIBRARY) or (stem := parse_name(name)[0]) not in stems:
            continue
        identity = identify(path)
        copies = found.setdefault(stem, {})
        if identity is not None and identity not in besides and identity not in copies:
            copies[identity] = os.path.realpath(path)
    return {stem: sorted(copies.values()) for stem, copies in found.items() if copies}


def identify(path: str) -> tuple[int, int] | None:
    """Return what tells one file from another, whatever its name; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - twice as fast, and asked for every library
    except OSError:
        return None
    return status.st_dev, status.st_ino


def candidates(
    environments: Iterable[Mapping[str, str]],
    *,
    packages: Iterable[str] = sys.path,
    cache: Path = Path("/etc/ld.so.cache"),
) -> Iterator[str]:
    """Yield the paths of files in the folders of the search path, and the libraries in the linker's cache."""
    for folder in dict.fromkeys((*_folders_of_variables(environments), *_folders_of_packages(packages))):
        try:
            names = os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
        except OSError:
            continue
        yield from (f"{folder}/{name}" for name in names if "lib" in name)
    yield from _linker_cache(cache)


def parse_linker_cache(content: bytes) -> tuple[str, ...]:
    """Return the paths in ldconfig's cache of libraries that have rivals.

    The strings stand behind its tables, each with a zero byte at its end (ldconfig(8)).
    """
    paths = (os.fsdecode(path) for path in re.findall(rb"(/[^\0]+)\0", content))
    return tuple(path for path in paths if has_known_rivals(parse_name(file_name(path))[0]))


def _linker_cache(cache: Path) -> tuple[str, ...]:
    try:
        status = cache.stat()
    except OSError:
        return ()
    return _parsed_linker_cache(cache, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=4)
def _parsed_linker_cache(cache: Path, _changed: int, _size: int) -> tuple[str, ...]:
    with cache.open("rb") as file:
        return parse_linker_cache(file.read(LIMIT_CACHE_BYTES))


def _folders_of_variables(environments: Iterable[Mapping[str, str]]) -> Iterator[str]:
    for environment in environments:
        yield from filter(None, environment.get("LD_LIBRARY_PATH", "").split(":"))
        for home in (environment.get("CUDA_HOME"), environment.get("CUDA_PATH"), "/usr/local/cuda"):
            if home:
                yield from (f"{home}/{folder}" for folder in _CUDA_FOLDERS)


def _folders_of_packages(packages: Iterable[str]) -> Iterator[str]:
    """Yield the folders into which wheels of torch and of NVIDIA's libraries put them."""
    for site in packages:
        if not site.endswith(("site-packages", "dist-packages")):
            continue
        yield f"{site}/torch/lib"
        try:
            yield from (f"{site}/nvidia/{name}/lib" for name in sorted(os.listdir(f"{site}/nvidia")))  # noqa: PTH208 - names only
        except OSError:
            continue
