"""Which layers of the stack each probe feels, on a CPU and on a GPU: of the table, without what it computes with."""

import functools
from collections.abc import Mapping
from importlib import resources

import orjson

FILE = "layers.json"


@functools.cache
def load_layers() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the layers by `cpu` and `gpu` and the probe's name, in the table's order.

    The file is made from the table: importing the table, with all kernels, takes a fifth of the time of a diff.
    """
    content = orjson.loads((resources.files("envprint.probes") / FILE).read_bytes())
    return {kind: {name: tuple(layers) for name, layers in table.items()} for kind, table in content.items()}
