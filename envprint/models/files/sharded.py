"""Read a model that is in several files under an index, as one tree.

https://huggingface.co/docs/transformers/big_models: `model.safetensors.index.json` maps tensors to files.
"""

import contextlib
from pathlib import Path
from typing import Any

import orjson

from envprint.checkpoints.disk import refused, said_of
from envprint.checkpoints.shards import LARGEST_INDEX, files_of
from envprint.models.files.reading import read_file
from envprint.models.files.source import open_source
from envprint.models.files.stored import Stored


def read_sharded(index: Path, opened: contextlib.ExitStack) -> Stored:
    """Return the tensors of all files that an index names, by name; the files stay open as long as the stack."""
    with said_of(index):
        files = files_of(index)
        places = orjson.loads(_bounded(index))["weight_map"]
    shards = [read_file(opened.enter_context(open_source(file))) for file in files]
    tree: dict[str, Any] = {}
    for shard in shards:
        if not isinstance(shard.tree, dict):
            raise refused(shard.path, "is no shard of a model: it holds no tensors by name")
        tree |= {
            name: part for name, part in shard.tree.items() if places.get(name, shard.path.name) == shard.path.name
        }
    missing = [name for name in places if name not in tree]
    if missing:
        raise refused(index, f"names {len(missing)} tensors that its files do not have, as {missing[0]:.60}")
    forms = {shard.form for shard in shards}
    metadata = {key: value for shard in shards for key, value in shard.metadata.items()}
    ordered = {name: tree.pop(name) for name in places} | tree
    return Stored(index, f"sharded {' and '.join(sorted(forms))}", ordered, metadata, tuple(files))


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_INDEX)
