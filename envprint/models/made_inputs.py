"""Inputs for a model that comes without: what it names itself, else what its first layers take.

The numbers follow from an integer hash, so that they are the same on every machine.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from envprint.models.attributes import own
from envprint.probes.inputs import SIGNIFICAND_BITS, Inputs

Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]

BATCH = 2
SIDES = (32, 64, 224, 28)  # of images
LENGTHS = (64, 16)  # of sequences
STEPS = 5
TRIED = 16  # layers


def as_arguments(inputs: Any) -> Arguments:
    """Return inputs as the arguments of a call: a mapping by name, a tuple by place, anything else as the first.

    A named tuple, such as a PackedSequence, is one argument.
    """
    if hasattr(inputs, "keys"):  # a dict, or transformers' BatchEncoding
        return (), dict(inputs)
    return (tuple(inputs), {}) if type(inputs) in {tuple, list} else ((inputs,), {})


def candidates(model: Any, torch: Any) -> Iterator[Arguments]:
    """Yield arguments that a model may take, the likeliest first."""
    for name in ("dummy_inputs", "example_input_array"):  # of transformers; of Lightning
        found = own(model, name)
        if found is not None:
            yield as_arguments(_moved(found, _device_of(model)))
    seen: set[tuple[Any, ...]] = set()
    layers = (module for module in model.modules() if module is not model or not list(model.children()))
    for layer in list(layers)[:TRIED]:
        for shape, below in _shapes(layer):
            if (shape, below) not in seen:
                seen.add((shape, below))
                yield (_made(shape, below, model, torch),), {}


def _moved(value: Any, device: Any) -> Any:
    if isinstance(value, dict):
        return {name: _moved(each, device) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(_moved(each, device) for each in value)
    return value.to(device) if hasattr(value, "to") else value


def _shapes(layer: Any) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield the shapes that a layer of torch takes, by its public attributes; with the bound of indices, 0 for none."""
    dimensions = {"Conv1d": 1, "Conv2d": 2, "Conv3d": 3}.get(type(layer).__name__)
    if dimensions:
        sides = LENGTHS if dimensions == 1 else SIDES if dimensions == 2 else SIDES[:1]  # noqa: PLR2004 - images
        yield from (((BATCH, layer.in_channels, *(side,) * dimensions), 0) for side in sides)
    elif hasattr(layer, "num_embeddings"):
        yield (BATCH, STEPS), layer.num_embeddings
    elif hasattr(layer, "in_features"):
        yield from ((shape, 0) for shape in ((BATCH * 2, layer.in_features), (BATCH, STEPS, layer.in_features)))
    elif hasattr(layer, "input_size") or hasattr(layer, "embed_dim"):
        yield (BATCH, STEPS, getattr(layer, "input_size", None) or layer.embed_dim), 0
    elif hasattr(layer, "num_features"):
        yield from (((BATCH * 2, layer.num_features, *(SIDES[0],) * more), 0) for more in (0, 1, 2))


def _made(shape: tuple[int, ...], below: int, model: Any, torch: Any) -> Any:
    device = _device_of(model)
    if below:
        return Inputs(torch, device=str(device)).integers("model", *shape, below=below)
    dtype = next((each.dtype for each in model.parameters() if each.is_floating_point()), torch.get_default_dtype())
    name = str(dtype).removeprefix("torch.")
    made = Inputs(torch, dtype=name if name in SIGNIFICAND_BITS else "float32", device=str(device))
    return made.uniform("model", *shape)


def _device_of(model: Any) -> Any:
    return next((each.device for each in (*model.parameters(), *model.buffers())), "cpu")
