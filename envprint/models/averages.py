"""Averaged weights that a checkpoint keeps beside the raw ones, under the many names that they have."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from envprint.models.content import Content
from envprint.models.files.tensor import StoredTensor
from envprint.models.trees import entries_of

# examples: model_ema and state_dict_ema of timm, ema_model, emaModel, swa_state, averaged_model, shadow_params, teacher
NAMES = re.compile(r"(?:^|[^A-Za-z])(?:ema|swa|EMA|SWA)(?![a-z]{3})|[a-z](?:Ema|EMA|Swa|SWA)|averag|shadow|teacher")
BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "position_ids", "inv_freq")


def is_averaged(path: str) -> bool:
    """Tell whether the name of a set of weights says that they are averages."""
    return NAMES.search(path) is not None


def averages_in(
    tree: Any, sets: Mapping[str, Mapping[str, Content]], own: Mapping[str, Content]
) -> dict[str, Mapping[str, Content]]:
    """Return the sets of averaged weights of a checkpoint; `own` are the weights of the model itself."""
    named = {path: each for path, each in sets.items() if is_averaged(path)}
    return {**named, **dict(_among(own)), **dict(_lists(tree, own))}


def _among(own: Mapping[str, Content]) -> Iterator[tuple[str, dict[str, Content]]]:
    """Yield averages that stand among the weights, with a name before theirs."""
    for first in sorted({name.partition(".")[0] for name in own if "." in name}):
        if is_averaged(first):
            yield first, {name.partition(".")[2]: each for name, each in own.items() if name.startswith(f"{first}.")}


def _lists(tree: Any, own: Mapping[str, Content]) -> Iterator[tuple[str, dict[str, Content]]]:
    """Yield averages that are a list, in the order of the parameters."""
    parameters = {name: each for name, each in own.items() if name.rpartition(".")[2] not in BUFFERS}
    for path, each in entries_of(tree):
        if isinstance(each, list) and is_averaged(path) and len(each) == len(parameters):
            pairs = dict(zip(parameters, each, strict=True))
            if all(isinstance(one, StoredTensor) and one.shape == own[name].shape for name, one in pairs.items()):
                yield path, pairs
