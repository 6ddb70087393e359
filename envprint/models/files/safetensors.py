"""Files of safetensors: the header names each tensor's type, shape and place."""

import math
from typing import Any

import orjson

from envprint.checkpoints.content import KEY
from envprint.checkpoints.disk import refused
from envprint.checkpoints.safetensors_header import read_header
from envprint.models.files.dtypes import SAFETENSORS, SIZES
from envprint.models.files.source import Source
from envprint.models.files.stored import Stored
from envprint.models.files.tensor import StoredTensor, row_by_row

NAME = "safetensors"
HALF_BYTES = "F4"  # torch has two of them in one number


def read_safetensors(source: Source) -> Stored:
    """Return the tensors of a file by name."""
    path = source.path
    header = read_header(source.file, path)
    try:
        entries = orjson.loads(f"{{{header.tensors}}}")
    except ValueError as exc:  # half a surrogate, a number that is none
        raise refused(path, f"is no safetensors file: its header is no sound JSON: {exc}") from exc
    tree = {
        name: _tensor(source, name, entry, span)
        for (name, entry), span in zip(entries.items(), header.spans, strict=True)
    }
    metadata = {key: value for key, value in header.metadata.items() if key != KEY}
    return Stored(path, NAME, tree, metadata, (path,))


def _tensor(source: Source, name: str, entry: dict[str, Any], span: tuple[int, int]) -> StoredTensor:
    start, stop = span
    dtype, shape = entry.get("dtype"), entry.get("shape")
    if not isinstance(shape, list) or not all(type(length) is int and length >= 0 for length in shape):
        raise refused(source.path, f"is no safetensors file: {name:.60} has no shape")
    if dtype == HALF_BYTES and shape and shape[-1] % 2 == 0:
        kind, shape[-1] = "float4_e2m1fn_x2", shape[-1] // 2
    elif isinstance(dtype, str) and dtype in SAFETENSORS:
        kind = SAFETENSORS[dtype]
    else:
        raise refused(source.path, f"has tensors of the type {dtype!r:.60}, as {name:.60}, which torch does not have")
    if math.prod(shape) * SIZES[kind] != stop - start:
        raise refused(source.path, f"is no safetensors file: {name:.60} has other bytes than its shape says")
    lengths = tuple(shape)
    return StoredTensor(kind, lengths, f"{source.path.name}:{name}", row_by_row(lengths), source, start)
