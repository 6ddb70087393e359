"""Open a saved model to read its tensors, by what its files say that they are."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from envprint.checkpoints.disk import found
from envprint.checkpoints.safetensors_header import PREFIX
from envprint.checkpoints.zip_records import RECORD_MARK
from envprint.models.files.safetensors import read_safetensors
from envprint.models.files.source import Source, open_source
from envprint.models.files.stored import Stored
from envprint.models.files.torch_zip import read_torch_zip


@contextlib.contextmanager
def open_model(path: str | Path) -> Iterator[Stored]:
    """Yield what a saved model holds; its tensors can be read until the context ends.

    Nothing is unpickled, imported or run. Raises CheckpointError for what is no saved model, or a damaged one.
    """
    with open_source(found(path)) as source:
        yield _reader(source)(source)


def _reader(source: Source) -> Callable[[Source], Stored]:
    begins = source.read(0, min(source.size, PREFIX + 2))
    if begins.startswith(RECORD_MARK):
        return read_torch_zip
    return read_safetensors
