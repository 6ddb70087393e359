"""Rules about how a model is built: classes, modules, attributes, shapes and how many layers there are."""

import re
from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, Observed, Open, counted, named, verb
from envprint.causes.models.tensors import is_transient
from envprint.models.pairing import WRAPPERS
from envprint.models.settings import HOOKS, Setting
from envprint.report import SideName, TensorDrift

SIDES: tuple[SideName, ...] = ("a", "b")
NUMBER = re.compile(r"(?<=\.)[0-9]+(?=\.)|(?<=_l)[0-9]+$")  # of a layer in a stack; torch.nn.LSTM has weight_ih_l0
OF_TORCH = "torch.nn.modules."
PARAMETERS = ("weight", "bias", "in_proj_bias", "in_proj_weight", "bias_k", "bias_v")
# say who saved a configuration and how it is run, not what it computes
IDLE = (
    "name_or_path", "_name_or_path", "transformers_version", "architectures", "use_cache", "return_dict", "training",
    "dtype", "torch_dtype", "id2label", "label2id", "output_attentions", "output_hidden_states",
    "model_type", "loss_type", "problem_type", "all_tied_weights_keys",
)  # fmt: skip


def see_architecture(open_: Open) -> Iterator[Observed]:
    """Yield other classes, modules, attributes and numbers of layers."""
    left = sorted((each for each in open_.settings.values() if not is_idle(each)), key=lambda each: not each.module)
    shapes = tuple(each for each in open_.of("differs", "transposed") if len(set(each.shape.values())) > 1)
    deeper = tuple(_of_layers_more(open_))
    if left:
        first = left[0]
        words = f"{'.'.join(filter(None, (first.module, first.name)))} is {first.a} in a, {first.b} in b"
        extra = f"{counted(len(left), 'setting')} of modules {verb(left, 'differs', 'differ')}"
        gone = tuple(f"{each.module}." for each in left if each.name == "type" and each.module)
        tensors = tuple(each for each in open_.of("missing", "unexpected") if gone and each.name.startswith(gone))
        follow = tuple(each for each in open_.tensors.values() if is_transient(open_.comparison.a, each.name))
        whole = tuple({each.name: each for each in (*shapes, *tensors, *deeper, *follow)}.values())
        yield open_.account(Observed("architecture-config", LIKELY, (words, extra), whole, tuple(left)))
    elif deeper:
        side = "a" if deeper[0].state == "missing" else "b"
        words = f"{named(each.name for each in deeper)} {verb(deeper, 'is', 'are')} in {side} only: it has more layers"
        yield open_.account(Observed("architecture-config", LIKELY, (words,), deeper))
    if others := tuple(each for each in shapes if each.name in open_.tensors):
        a, b = (list(others[0].shape.get(side, ())) for side in SIDES)
        words = f"{others[0].name} is {a} in a, {b} in b"
        extra = f"{counted(len(others), 'tensor')} {verb(others, 'has', 'have')} another shape"
        yield open_.account(Observed("architecture-config", LIKELY, (words, extra), others))
    if lacking := tuple(_without_a_place(open_)):
        side = "b" if lacking[0].state == "missing" else "a"
        words = f"the modules of {side} have no {named(each.name for each in lacking)}"
        yield open_.account(Observed("architecture-config", LIKELY, (words,), lacking))


def _of_layers_more(open_: Open) -> Iterator[TensorDrift]:
    """Yield the tensors of further layers in a stack of which both sides have some, with tensors of the same shapes."""
    found = open_.comparison
    known = {(place, found.a.tensors[name].shape) for name, _ in found.names.pairs for place in _places(name)}
    for each in open_.of("missing", "unexpected"):
        if any((place, next(iter(each.shape.values()))) in known for place in _places(each.name)):
            yield each


def _places(name: str) -> list[str]:
    """Return a name with each of its numbers left out in turn."""
    return [f"{name[: each.start()]}#{name[each.end() :]}" for each in NUMBER.finditer(name)]


def _without_a_place(open_: Open) -> Iterator[TensorDrift]:
    """Yield parameters that a file has for a module which is there on the other side, and has no such parameter."""
    found = open_.comparison
    for side, other, state in ((found.a, found.b, "missing"), (found.b, found.a, "unexpected")):
        for each in open_.of(state) if side.is_bare and not other.is_bare else ():
            module, _, local = each.name.rpartition(".")
            owner = other.model.modules.get(module)
            if owner is not None and owner.type.startswith(OF_TORCH) and local in PARAMETERS:
                yield each


def is_idle(setting: Setting) -> bool:
    """Tell whether a setting computes nothing: names of a configuration, what a wrapper is, a hook."""
    wraps = setting.name == "type" and any(f"{setting.module}.".startswith(f"{each}.") for each in WRAPPERS)
    return wraps or setting.name == HOOKS or setting.name.rpartition(".")[2] in IDLE or _is_wrapper(setting)


def _is_wrapper(setting: Setting) -> bool:
    kinds = ("DataParallel", "OptimizedModule", "AveragedModel", "FullyShardedDataParallel")
    return setting.name == "type" and any(kind in f"{setting.a} {setting.b}" for kind in kinds)
