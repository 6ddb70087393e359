"""Write a manifest: whole or not at all."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import orjson

from envprint.errors import EnvprintError, OverwriteError
from envprint.manifest._wording import one_line
from envprint.manifest.document import Manifest

# what lies so many keys further down
ON_ONE_LINE = ("probes", "kernels", 2), ("model", "tensors", 1), ("model", "modules", 1), ("taken", "durations_ms", 0)


def dump_manifest(manifest: Manifest) -> bytes:
    """Return a manifest as indented JSON: `schema` first, then the id and the sections; maps sorted by key.

    A probe is a line, and so are all times.
    """
    return dump_document(manifest.as_json())


def dump_document(document: dict[str, Any]) -> bytes:
    """Return the JSON of a manifest's values as it is written."""
    ordered = {key: _sorted(document[key]) for key in document}
    for section, field, depth in ON_ONE_LINE:
        if (facts := ordered.get(section)) and facts.get(field):
            facts[field] = _on_one_line(facts[field], depth)
    ordered = {"schema": ordered.pop("schema"), "id": ordered.pop("id"), **ordered}
    return orjson.dumps(ordered, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write(manifest: Manifest, path: Path | str, *, force: bool = False) -> None:
    """Write a manifest to a file that is either the old one or the new one, whole, at any moment.

    A file that is there already is OverwriteError, unless it is replaced by `force`.
    """
    path = Path(path)
    refuse_overwrite(path, force=force)
    replace_file(path, dump_manifest(manifest), force=force)


def replace_file(path: Path, content: bytes, *, force: bool = True) -> None:
    """Write a file that is either the old one or the new one, whole, at any moment."""
    try:
        _put(path, content, force=force)
    except FileExistsError as exc:
        raise _overwrite(path) from exc
    except (OSError, ValueError, RuntimeError) as exc:  # a null character; a loop of links (before Python 3.13)
        raise EnvprintError(one_line(f"{path} cannot be written: {getattr(exc, 'strerror', None) or exc}")) from exc


def refuse_overwrite(path: Path, *, force: bool) -> None:
    """Raise OverwriteError where a file is in the way: said before a long capture, not after it."""
    try:
        if not force and path.exists() and not _is_device(path):
            raise _overwrite(path)
    except (OSError, ValueError, RuntimeError):  # writing will say what is wrong with the path
        return


def _overwrite(path: Path) -> OverwriteError:
    return OverwriteError(one_line(f"{path} exists already"), hint="--force replaces it")


def _is_device(path: Path) -> bool:
    """Return whether a path is written through: /dev/null, /dev/stdout, a named pipe. One replaced would be gone."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _put(path: Path, content: bytes, *, force: bool) -> None:
    if _is_device(path):
        path.write_bytes(content)
        return
    target = path.resolve()  # a link keeps pointing where it points
    if target.is_symlink():  # resolve() says nothing of a loop of links from Python 3.13 on
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".envprint.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        if not force and _linked(Path(name), target):
            Path(name).unlink()
        else:
            Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _linked(temporary: Path, target: Path) -> bool:
    """Give a file its name unless the name is taken, all at once; return False where the file system has no links."""
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def _umask() -> int:
    """Return the umask of this process without changing it, where the system shows it (Linux), else the usual one."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0o022
    line = next((line for line in status.splitlines() if line.startswith("Umask:")), "Umask: 0022")  # Linux 4.7
    return int(line.split()[1], 8)


def _on_one_line(value: Any, depth: int) -> Any:
    if depth == 0:
        return orjson.Fragment(orjson.dumps(value))
    return {key: _on_one_line(below, depth - 1) for key, below in value.items()}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value
