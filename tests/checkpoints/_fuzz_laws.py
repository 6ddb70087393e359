"""What holds for any bytes at all: a parser answers or refuses, and what a real reader found before it finds after."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
from _fuzz_readers import READERS, Found

import envprint
from envprint.checkpoints.beside import sidecar_of
from envprint.errors import CheckpointError
from envprint.manifest import Manifest
from envprint.manifest.numerics import Threads

FIRST, SECOND = (Manifest(threads=Threads(torch_intraop=count)) for count in (3, 4))
PAD = b"envprint "  # in fields of ONNX that embed() takes for left by a killed process, and takes away


@contextlib.contextmanager
def in_memory() -> Iterator[Path]:
    """Yield a folder that no disk holds, where there is such: half of the time of an embed is the disk's."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def put_long_ago(path: Path, content: bytes) -> None:
    """Write a file as if an hour ago: of one that changed just now, a broken model of ONNX is read again and again."""
    path.write_bytes(content)
    os.utime(path, (time.time() - 3600, time.time() - 3600))


def judge(kind: str, content: bytes, folder: Path) -> bool:
    """Return whether a file of these bytes takes a manifest; raise AssertionError where a law breaks."""
    name, readers = READERS[kind]
    path = folder / name
    sidecar_of(path).unlink(missing_ok=True)
    put_long_ago(path, content)
    before = [read(content) for read in readers]
    carried = refusal(lambda: envprint.extract(path))
    assert content == path.read_bytes(), "extract() changed the file"
    for manifest in (FIRST, SECOND):
        old = path.read_bytes()
        if refusal(lambda manifest=manifest: envprint.embed(path, manifest)) is not None:  # type: ignore[misc]
            assert old == path.read_bytes(), "embed() refused and changed the file"
            assert manifest is FIRST, f"what took the first manifest refused the second; carried: {carried}"
            return False
        after = path.read_bytes()
        assert envprint.extract(path).threads == manifest.threads, "extract() is not what was embedded"
        for read, found in zip(readers, before, strict=True):
            assert found is None or _whole(found, read(after)), f"{read.__name__}() finds other than before"
        assert kind != "onnx" or before[0] is None or PAD in content or _unknown(content) == _unknown(after)
    return True


def _whole(before: Found, after: Found) -> bool:
    """Tell whether all that was found is found again; more records than before can be read where one was hidden."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.items() <= after.items()
    return bool(before == after)


def _unknown(content: bytes) -> bytes:
    """Return a model as it is written again by a reader that keeps what it does not know, less our entry."""
    model = onnx.load_model_from_string(content)
    del model.metadata_props[:]
    return bytes(model.SerializeToString(deterministic=True))


def refusal(act: Callable[[], Manifest]) -> str | None:
    """Return the line in which envprint refuses, None where it does not; whatever else is raised gets through."""
    try:
        act()
    except CheckpointError as exc:
        said, hint = str(exc), exc.hint or "-"
    else:
        return None
    assert said, "refused without a word"
    assert said.isprintable(), f"not a line: {said!r}"
    assert hint.isprintable(), f"not a line: {hint!r}"
    return said
