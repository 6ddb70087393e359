"""Say which files are mapped into this process, on each system in its way."""

import ctypes
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

# 7f12a000-7f12b000 r-xp 00001000 08:01 393449    /usr/lib/libm.so.6 (deleted)
# proc_pid_maps(5): a newline in a path is written \012, and an unlinked file gets " (deleted)" behind its name.
_LINE = re.compile(rb"^([0-9a-f]+)-[0-9a-f]+ \S+ [0-9a-f]+ \S+ [0-9]+ +(/.*)$", re.MULTILINE)
_DELETED = b" (deleted)"


class Mapped(NamedTuple):
    """A mapped file, the address where its first byte lies, and whether it has no name in the file system any more."""

    path: str
    address: int = 0
    deleted: bool = False


def mapped_files(maps: Path = Path("/proc/self/maps")) -> tuple[Mapped, ...]:
    """Return the files that are mapped into this process, each once."""
    if sys.platform == "darwin":
        return tuple(Mapped(path) for path in _dyld_images())
    try:
        content = maps.read_bytes()
    except OSError:
        return tuple(Mapped(path) for path in _psutil_maps())
    return parse_maps(content)


def parse_maps(content: bytes) -> tuple[Mapped, ...]:
    """Return the files of /proc/PID/maps by their lowest address; devices, memory without a name and the like are not.

    A file that was replaced while a part of the old one stays mapped is there twice: deleted, and not.
    """
    lowest: dict[bytes, int] = {}
    for start, path in _LINE.findall(content):
        if path not in lowest:
            lowest[path] = int(start, 16)
    return tuple(_mapped(path, address) for path, address in lowest.items() if _is_file(path))


def _mapped(path: bytes, address: int) -> Mapped:
    deleted = path.endswith(_DELETED)
    name = path[: -len(_DELETED)] if deleted else path
    return Mapped(os.fsdecode(name.replace(b"\\012", b"\n")), address, deleted)


def _is_file(path: bytes) -> bool:
    return not path.startswith((b"/memfd:", b"/dev/", b"/SYSV", b"/anon_hugepage", b"/i915"))


def _dyld_images() -> list[str]:
    """Return the images that macOS' dynamic linker loaded, those of its shared cache too (dyld(3))."""
    linker = ctypes.CDLL(None)
    linker._dyld_get_image_name.restype = ctypes.c_char_p  # noqa: SLF001 - dyld's public names begin so
    names = (linker._dyld_get_image_name(index) for index in range(linker._dyld_image_count()))  # noqa: SLF001 - same
    return [os.fsdecode(name) for name in names if name]


def _psutil_maps() -> list[str]:
    import psutil

    return [entry.path for entry in psutil.Process().memory_maps(grouped=True)]
