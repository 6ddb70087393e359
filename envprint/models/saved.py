"""What a saved file holds of a model: its weights, further sets of them, and what training goes on from."""

from typing import Any

from envprint.manifest.model import Model, Tensor
from envprint.models.averages import BUFFERS, is_averaged
from envprint.models.content import Content
from envprint.models.files.stored import Stored
from envprint.models.files.tensor import StoredTensor
from envprint.models.kept import kept_of
from envprint.models.pairing import pair
from envprint.models.pickled_module import is_module, module_of
from envprint.models.subject import Subject
from envprint.models.trees import entries_of, weights_in

# names under which checkpoints keep the weights of the model, the likeliest first: examples of torch, Lightning, timm,
# fairseq, DeepSpeed, Ultralytics
WEIGHTS = ("model", "state_dict", "model_state_dict", "model_state", "module", "net", "network", "weights", "params")


def subject_of(stored: Stored, description: Model | None = None) -> Subject:
    """Return what a file holds as one side of a comparison; `description` is of the model that it was saved from."""
    entries = dict(entries_of(stored.tree))
    modules = {path: module_of(each) for path, each in entries.items() if is_module(each)}
    sets = weights_in(entries) | {path: contents for path, (_, contents) in modules.items()}
    main = _main(list(sets))
    contents = {f"{_within(path, main)}{name}": each for path in main for name, each in sets[path].items()}
    if len(main) == 1 and main[0] in modules:
        model = modules[main[0]][0]
    else:
        model = Model(type=stored.form, tensors={name: _tensor(name, each) for name, each in contents.items()})
    if description is not None:
        model = _described(model, description)
    return Subject("file", model, contents, kept_of(stored, entries, sets, main))


def _described(model: Model, description: Model) -> Model:
    """Return the model of a file with what a description of it, which the file carries, says beside the tensors."""
    names = pair(model.tensors, description.tensors)
    known = {left: description.tensors[right] for left, right in names.pairs}
    alone = {right: description.tensors[right] for right in names.only_b if _stays_behind(description.tensors[right])}
    tensors = {
        name: known[name].model_copy(update={"dtype": each.dtype, "shape": each.shape, "digest": None})
        if name in known
        else each
        for name, each in model.tensors.items()
    }
    return description.model_copy(update={"tensors": {**tensors, **alone}, "optimizer": None})


def _stays_behind(tensor: Tensor) -> bool:
    """Tell whether no file holds this tensor: a buffer that is not persistent, or another name of one that is there."""
    return tensor.persistent is False or tensor.tied_to is not None


def _within(path: str, main: list[str]) -> str:
    return "" if len(main) == 1 or not path else f"{path}."


def _tensor(name: str, stored: Content) -> Tensor:
    is_buffer = name.rpartition(".")[2] in BUFFERS
    facts: dict[str, Any] = {}
    if isinstance(stored, StoredTensor):
        facts = {"layout": layout} if (layout := _layout(stored)) else {}
    return Tensor(kind="buffer" if is_buffer else "parameter", dtype=stored.dtype, shape=stored.shape, **facts)


def _layout(stored: StoredTensor) -> str | None:
    """Return how a tensor lies in its storage, in the words of a description; None where it is row by row."""
    shape, stride = stored.shape, stored.stride
    if 0 in shape or not shape:
        return None
    steps = sorted((step, -axis) for axis, (length, step) in enumerate(zip(shape, stride, strict=True)) if length > 1)
    order = [-axis for _, axis in steps][::-1]
    if order == sorted(order):
        return None
    last = (0, *range(2, len(shape)), 1)
    formats = {4: "channels_last", 5: "channels_last_3d"}
    if len(shape) in formats and [axis for axis in last if shape[axis] > 1] == order:
        return formats[len(shape)]
    return f"strides {tuple(stride)}"


def _main(paths: list[str]) -> list[str]:
    """Return the paths of the weights of the model itself, several where it is saved in parts."""
    own = [path for path in paths if not is_averaged(path) and "optim" not in path.lower()]
    for name in ("", *WEIGHTS):
        if name in own:
            return [name]
    best = [path for path in own if not path.lower().startswith("best")]
    return best or own or paths[:1]
