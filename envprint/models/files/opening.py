"""Open a saved model to read its tensors."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from envprint.checkpoints.disk import found
from envprint.checkpoints.shards import SUFFIX
from envprint.models.files.folder import choose, read_config
from envprint.models.files.reading import read_file
from envprint.models.files.sharded import read_sharded
from envprint.models.files.source import open_source
from envprint.models.files.stored import Stored


@contextlib.contextmanager
def open_model(path: str | Path) -> Iterator[Stored]:
    """Yield what a saved model holds: a file, an index of shards, or a folder with one of them.

    Its tensors can be read until the context ends. Nothing is unpickled, imported or run. Raises CheckpointError for
    what is no saved model, or a damaged one.
    """
    given = found(path)
    with contextlib.ExitStack() as opened:
        if given.is_dir():
            stored = _read(choose(given), opened)
            yield dataclasses.replace(stored, path=given, config=read_config(given))
        else:
            yield _read(given, opened)


def _read(path: Path, opened: contextlib.ExitStack) -> Stored:
    if path.name.endswith(SUFFIX):
        return read_sharded(path, opened)
    return read_file(opened.enter_context(open_source(path)))
