"""A rule about quantised layers: their classes, or what they keep in place of a weight."""

from collections.abc import Iterator

from envprint.causes.models.observed import SURE, Observed, Open, named, verb
from envprint.report import TensorDrift

CLASSES = (".quantized.", ".qat.", "torchao", "bitsandbytes", "gptq", "awq", "fake_quantize", "observer")
# torch's own; GPTQ and AWQ; bitsandbytes in 8 and 4 bits; compressed tensors and float8
PARTS = (
    "_packed_params", "zero_point", "qweight", "qzeros", "g_idx", "scb", "absmax", "quant_map", "quant_state",
    "weight_packed", "weight_scale", "weight_scale_inv",
)  # fmt: skip
TYPES = ("qint8", "quint8", "qint32")


def see_quantised(open_: Open) -> Iterator[Observed]:
    """Yield layers that are quantised on one side, or otherwise."""
    settings = [each for each in open_.settings.values() if _tells(f"{each.a} {each.b} {each.type}")]
    alone = [each for each in open_.of("missing", "unexpected") if _is_part(each)]
    types = _classes(open_) if alone or open_.of("missing", "unexpected") else {}
    if not settings and not alone and not types:
        return
    layers = {each.module for each in settings} | {_layer(each) for each in alone} | set(types)
    within = tuple(f"{layer}." if layer else "" for layer in layers)
    theirs = tuple(each for each in open_.settings.values() if f"{each.module}.".startswith(within))
    tensors = tuple(each for each in open_.tensors.values() if each.name.startswith(within))
    if settings:
        words = f"{named(each.module or each.type for each in settings)}: {settings[0].a} in a, {settings[0].b} in b"
    elif alone:
        words = f"{named(each.name for each in alone)} {verb(alone, 'is', 'are')} on one side only"
    else:
        words = f"{named(types)}: {next(iter(types.values()))} on one side, weights alone on the other"
    yield open_.account(Observed("quantized-module", SURE, (words,), tensors, theirs))


def _tells(words: str) -> bool:
    return any(word in words.lower() for word in CLASSES)


def _is_part(tensor: TensorDrift) -> bool:
    """Tell whether a tensor is what a quantised layer has, by its name or type."""
    return bool(set(PARTS) & set(tensor.name.lower().split("."))) or bool(set(TYPES) & set(tensor.dtype.values()))


def _layer(tensor: TensorDrift) -> str:
    packed = tensor.name.partition("._packed_params")
    return packed[0] if packed[1] else tensor.name.rpartition(".")[0]


def _classes(open_: Open) -> dict[str, str]:
    """Return the quantised modules of a live side against weights alone, with their classes."""
    sides = open_.comparison.a, open_.comparison.b
    if sides[0].is_bare == sides[1].is_bare:
        return {}
    modules = (sides[0] if sides[1].is_bare else sides[1]).model.modules
    outer = {name: each.type for name, each in modules.items() if _tells(each.type)}
    return {name: each for name, each in outer.items() if not any(name.startswith(f"{other}.") for other in outer)}
