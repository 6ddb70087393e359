"""Write a file anew and put it in the place of the old one, whole; copy what stays inside the kernel."""

import contextlib
import errno
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from envprint.checkpoints.disk import CHUNK, PAGE, read_at, refuse_changed
from envprint.checkpoints.write_back import PIECE, writing_back

NO_COPY = {errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM, errno.ETXTBSY}


@contextlib.contextmanager
def replacing(path: Path, before: os.stat_result) -> Iterator[int]:
    """Yield a new file that takes the old one's place, mode and owner if all goes well, and is gone if not.

    `before` is the old one as it was opened: one that somebody else has written to since stays.
    """
    path = path.resolve()  # a link keeps pointing where it points
    prefix = f".envprint.{zlib.crc32(os.fsencode(path.name)):08x}."
    for left in path.parent.glob(f"{prefix}*"):  # by a killed process: by the lock none is at it
        left.unlink(missing_ok=True)
    file, name = _unnamed(path.parent, prefix)
    try:
        yield file
        refuse_changed(path, before, path.stat())
        _dress(name or _unnamed_path(file), path)
        if not name:
            name = str(path.parent / f"{prefix}{os.urandom(4).hex()}")
            # with a descriptor, of which an absolute path makes no use, CPython follows links; else it calls link(2)
            os.link(_unnamed_path(file), name, src_dir_fd=file, follow_symlinks=True)
        os.close(file)
        file = -1
        Path(name).replace(path)
    except BaseException:
        if name:
            Path(name).unlink(missing_ok=True)
        raise
    finally:
        if file >= 0:
            os.close(file)


def _unnamed(folder: Path, prefix: str) -> tuple[int, str]:
    """Return a new file without a name, which is gone if the process is; with a name where that is not to be had."""
    if hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").exists():
        try:
            return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600), ""
        except OSError as exc:  # NFS and FUSE have none
            if exc.errno not in {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}:
                raise
    return tempfile.mkstemp(dir=folder, prefix=prefix)


def _unnamed_path(file: int) -> str:
    return f"/proc/self/fd/{file}"  # https://man7.org/linux/man-pages/man2/open.2.html, O_TMPFILE


def _dress(place: str, old: Path) -> None:
    """Give a file the owner, mode and access list of another; its time is now."""
    owner = old.stat()
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):  # only root gives files away
            os.chown(place, owner.st_uid, owner.st_gid)
    shutil.copystat(old, place)
    os.utime(place)


def copy_range(source: int, target: int, offset: int, to: int, length: int) -> None:
    """Copy bytes between files, inside the kernel where it can; quickest where `offset` and `to` agree by page."""
    head = min(length, -offset % PAGE)
    with writing_back(target, length) as begin:
        for start, count in ((0, head), (head, length - head)):
            for piece in _copy(source, target, offset + start, to + start, count):
                begin(*piece)


def _copy(source: int, target: int, offset: int, to: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield place and length of each piece that was copied."""
    while length > 0:
        copied = _copied(source, target, offset, to, length)
        if copied == 0:
            raise OSError(errno.EIO, "it became shorter while it was read")
        yield to, copied
        offset, to, length = offset + copied, to + copied, length - copied


def _copied(source: int, target: int, offset: int, to: int, length: int) -> int:
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, target, min(length, PIECE), offset, to)
        except OSError as exc:
            if exc.errno not in NO_COPY:
                raise
    content = read_at(source, offset, min(length, CHUNK))
    os.lseek(target, to, os.SEEK_SET)
    return os.write(target, content)
