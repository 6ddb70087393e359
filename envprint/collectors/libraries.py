"""Collect the numeric shared libraries that are really loaded, and the copies that could be mistaken for them."""

import functools
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from envprint.collectors import _copies, _outside
from envprint.collectors._elf import read_build_id
from envprint.collectors._libraries import file_name, has_known_rivals, is_numeric, name_copies, parse_name
from envprint.collectors._maps import Mapped, mapped_files
from envprint.collectors._versions import ask_version
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.software import Libraries, Library

T = TypeVar("T")
_ask_version_once = functools.lru_cache(maxsize=1024)(ask_version)


def collect_libraries(gaps: Gaps, maps: Path = Path("/proc/self/maps")) -> Libraries:
    """Read which numeric libraries are mapped into this process, and what else lies on the search path."""
    files = gaps.ask("loaded", lambda: numeric_files(mapped_files(maps)))
    if files is None:
        return Libraries(loaded=None, loaded_twice=None, other_copies=None, deleted=None)
    stems = frozenset(stem_of(file) for file in files.values())
    within = gaps.within("loaded")
    return Libraries(
        loaded={key: _library(within.within(key), file, stems) for key, file in files.items()},
        loaded_twice=find_twice(files.values()),
        other_copies=gaps.ask("other_copies", lambda: _other_copies(files.values())),
        deleted=tuple(sorted(key for key, file in files.items() if file.deleted)),
    )


def numeric_files(files: Iterable[Mapped]) -> dict[str, Mapped]:
    """Return the mapped files that bear on numbers, by the name of the library."""
    numeric = {file.path: file for file in files if is_numeric(parse_name(file_name(file.path))[0])}
    return {key: numeric[path] for key, path in name_copies(numeric).items()}


def find_twice(files: Iterable[Mapped]) -> dict[str, tuple[str, ...]]:
    """Return the libraries that are mapped from more than one file."""
    paths: dict[str, list[str]] = {}
    for file in files:
        paths.setdefault(stem_of(file), []).append(_printable(file.path))
    return {stem: tuple(sorted(found)) for stem, found in sorted(paths.items()) if len(found) > 1}


def stem_of(file: Mapped) -> str:
    """Return the name of a mapped library without version and hash."""
    return parse_name(file_name(file.path))[0]


def _library(gaps: Gaps, file: Mapped, loaded: frozenset[str]) -> Library:
    stem, version_in_name = parse_name(file_name(file.path))
    stated = None if file.deleted else gaps.ask("version", lambda: _ask_version_once(stem, file.path, loaded))
    return Library(
        path=_printable(file.path),
        version=stated or version_in_name,
        build_id=gaps.ask("build_id", lambda: _build_id(file)),
    )


def _other_copies(files: Collection[Mapped]) -> dict[str, tuple[str, ...]]:
    rivals = [file for file in files if has_known_rivals(stem_of(file))]
    if not rivals:
        return {}
    loaded = {identity for file in rivals if not file.deleted and (identity := _copies.identify(file.path))}
    found = _copies.find_copies({stem_of(file) for file in rivals}, _copies.candidates(_environments()), besides=loaded)
    return {stem: tuple(map(_printable, paths)) for stem, paths in sorted(found.items())}


def _environments() -> list[Mapping[str, str]]:
    """Return the variables at exec, where the dynamic linker took its path from, and now, as children will get it."""
    try:
        return [_outside.environment_at_exec(), os.environ]
    except Absent:
        return [os.environ]


def _build_id(file: Mapped) -> str | None:
    if not sys.platform.startswith("linux"):
        raise Absent("build ids are of ELF files")
    if file.deleted:
        return _read(Path("/proc/self/mem"), lambda read: read_build_id(read, in_memory=True), start=file.address)
    status = os.stat(file.path)  # noqa: PTH116 - twice as fast, and asked for every library
    return _build_id_of_file(file.path, status.st_ino, status.st_mtime_ns, status.st_size)


@functools.cache
def _build_id_of_file(path: str, _inode: int, _changed: int, _size: int) -> str | None:
    return _read(Path(path), read_build_id)


def _read(path: Path, parse: Callable[[Callable[[int, int], bytes]], T], *, start: int = 0) -> T:
    with path.open("rb", buffering=0) as file:
        return parse(lambda offset, size: os.pread(file.fileno(), size, start + offset))


def _printable(path: str) -> str:
    """Return a path without the bytes that are no text: JSON has no place for them."""
    return os.fsencode(path).decode("utf-8", errors="replace")
