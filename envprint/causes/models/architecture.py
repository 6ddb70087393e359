"""Rules about how a model is built: classes, modules, attributes and shapes; quantised layers apart."""

from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, MAYBE, SURE, Observed, Open, counted, named
from envprint.models.comparing import HOOKS, Setting
from envprint.models.pairing import WRAPPERS

QUANTISED = (".quantized.", ".qat.", "torchao", "bitsandbytes", "gptq", "awq", "fake_quantize", "observer")
# say who saved a configuration and how it is run, not what it computes
IDLE = ("name_or_path", "transformers_version", "architectures", "use_cache", "return_dict", "training")


def see_quantised(open_: Open) -> Iterator[Observed]:
    """Yield layers that are quantised on one side, or otherwise."""
    settings = open_.settings.values()
    first = [each for each in settings if any(word in f"{each.a} {each.b}".lower() for word in QUANTISED)]
    if first:
        words = f"{named(each.module or each.type for each in first)}: {first[0].a} in a, {first[0].b} in b"
        within = tuple(f"{each.module}." for each in first)
        theirs = tuple(each for each in settings if f"{each.module}.".startswith(within))
        tensors = tuple(each for each in open_.tensors.values() if each.name.startswith(within))
        yield open_.account(Observed("quantized-module", SURE, (words,), tensors, theirs))


def see_architecture(open_: Open) -> Iterator[Observed]:
    """Yield other classes, modules and attributes."""
    left = [each for each in open_.settings.values() if not _is_idle(each) and each.name != HOOKS]
    shapes = tuple(each for each in open_.of("differs", "transposed") if len(set(each.shape.values())) > 1)
    if left:
        first = left[0]
        words = f"{'.'.join(filter(None, (first.module, first.name)))} is {first.a} in a, {first.b} in b"
        extra = (f"{counted(len(left), 'setting')} of modules differ",)
        gone = tuple(f"{each.module}." for each in left if each.name == "type" and None in (each.a, each.b))
        tensors = tuple(each for each in open_.of("missing", "unexpected") if gone and each.name.startswith(gone))
        yield open_.account(Observed("architecture-config", LIKELY, (words, *extra), (*shapes, *tensors), tuple(left)))
    elif shapes and (others := [each for each in shapes if each.state == "differs" and "shape" not in each.detail]):
        words = (
            f"{named(each.name for each in others)}: {others[0].shape.get('a')} in a, {others[0].shape.get('b')} in b"
        )
        yield open_.account(Observed("architecture-config", MAYBE, (words,), tuple(others)))


def _is_idle(setting: Setting) -> bool:
    """Tell whether a setting computes nothing: names of a configuration, and what a wrapper is."""
    wraps = setting.name == "type" and any(f"{setting.module}.".startswith(f"{each}.") for each in WRAPPERS)
    return wraps or setting.name.rpartition(".")[2] in IDLE or _is_wrapper(setting)


def _is_wrapper(setting: Setting) -> bool:
    kinds = ("DataParallel", "OptimizedModule", "AveragedModel", "FullyShardedDataParallel")
    return setting.name == "type" and any(kind in f"{setting.a} {setting.b}" for kind in kinds)
