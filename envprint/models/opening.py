"""What may stand on a side of a comparison: a manifest, a description, a live model, a file; each becomes a subject."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envprint.checkpoints.disk import found
from envprint.checkpoints.loading import is_model
from envprint.checkpoints.loading import load as load_manifest
from envprint.checkpoints.provenance import find_manifest
from envprint.errors import CheckpointError, EnvprintError
from envprint.manifest import Manifest
from envprint.manifest.model import Model
from envprint.models.subject import Subject

WEIGHTS_BY_NAME = "compare what state_dict() gives, saved with torch.save() or safetensors"


@dataclass(frozen=True)
class Source:
    """A side: the manifest of its environment, where there is one, its model, where there is one, and notes."""

    manifest: Manifest | None
    subject: Subject | None
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def opened_source(source: Any, inputs: Any = None) -> Iterator[Source]:
    """Yield what a side is; the numbers of a file can be read until the end of the block.

    Raises EnvprintError for a path at which there is neither, TypeError for what cannot be compared.
    """
    if isinstance(source, Manifest):
        yield _of_manifest(source)
    elif isinstance(source, Model):
        yield Source(None, Subject("description", source))
    elif isinstance(source, (str, Path)):
        with _of_path(source) as opened:
            yield opened
    elif isinstance(source, Mapping) or hasattr(source, "named_modules"):
        yield Source(None, live_subject(source, inputs))
    else:
        raise TypeError(f"{type(source).__name__} cannot be compared; expected a manifest, a model or a path")


def live_subject(model: Any, inputs: Any = None) -> Subject:
    """Return a live model, or a mapping of names to tensors, as one side."""
    from envprint.models.describing import describe, tensors_of
    from envprint.models.tensors import TensorContent

    contents: dict[str, Any] = {}
    for name, tensor in tensors_of(model).items():
        with contextlib.suppress(ValueError):  # meta, sparse: it has no numbers row by row
            contents[name] = TensorContent(tensor)
    return Subject("live", describe(model, inputs=inputs), contents)


def _of_manifest(manifest: Manifest) -> Source:
    alone = manifest if manifest.model is None else manifest.model_copy(update={"model": None})
    return Source(alone, None if manifest.model is None else Subject("description", manifest.model))


@contextlib.contextmanager
def _of_path(path: str | Path) -> Iterator[Source]:
    from envprint.models.files import open_model
    from envprint.models.saved import subject_of
    from envprint.models.training_state import training_state_in

    if not is_model(path):
        yield _of_manifest(load_manifest(path))
        return
    manifest, notes = _carried(path)
    with contextlib.ExitStack() as stack:
        try:
            stored = stack.enter_context(open_model(found(path)))
            state = training_state_in(stored.path, stack) if stored.path.is_dir() else {}
        except CheckpointError as exc:
            if manifest is None:
                raise
            yield Source(manifest, None, (*notes, f"its tensors are not compared: {exc}"))
            return
        if state:
            stored = dataclasses.replace(stored, tree={"model": stored.tree, **state})
        subject = subject_of(stored, manifest.model if manifest else None)
        if not subject.tensors and manifest is None:
            raise CheckpointError(f"{path} holds no tensors by name", hint=WEIGHTS_BY_NAME)
        yield Source(manifest, subject if subject.tensors else None, notes)


def _carried(path: str | Path) -> tuple[Manifest | None, tuple[str, ...]]:
    """Return the manifest that a saved model carries; none where there is none, or one of another file."""
    try:
        manifest = find_manifest(found(path))
    except EnvprintError as exc:
        return None, (str(exc),)
    return manifest, (() if manifest else (f"{path} carries no manifest",))
