"""Describe a live model: tensors, what its modules are beside them, its optimizer, and what a forward pass gives."""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

from envprint.manifest.gaps import LONGEST, readable
from envprint.manifest.model import Model, Module, Optimizer, Pass, Tensor
from envprint.manifest.secrets import mask
from envprint.models.attributes import attributes_of, configuration_of, named, plain_value
from envprint.models.digest import digest_tensor
from envprint.models.looks import looks_of
from envprint.models.made_inputs import Arguments, as_arguments, candidates
from envprint.models.passes import run_pass
from envprint.models.undisturbed import Trial, undisturbed
from envprint.models.values import dtype_of, sample

HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
FORMATS = {4: "channels_last", 5: "channels_last_3d"}
STATE_DICT = "state_dict"


def describe(model: Any, optimizer: Any = None, inputs: Any = None, *, forward: bool = True) -> Model:
    """Return the section about a live model, or about a mapping of names to tensors, as state_dict() makes one.

    `inputs` are a tensor, a tuple of arguments or a dict of named ones; without, some are made, the same on every
    machine. One pass runs in the model's own mode and, where that is training, one in evaluation mode; none without
    `forward`. Mode, buffers, weights, gradients, plain attributes and random generators stay as they were; what a
    module changes within an object, such as a list that it keeps, does not.
    """
    torch = sys.modules["torch"]
    unread: dict[str, str] = {}
    if isinstance(model, Mapping):
        facts = {name: (each, None, None) for name, each in tensors_of(model).items()}
        return Model(type=STATE_DICT, tensors=_tensors(facts, torch, unread), unread=unread)
    compiled = hasattr(model, "_orig_mod")
    plain = model._orig_mod if compiled else model  # noqa: SLF001 - as torch.compile names what it was given
    described = Model(
        type=named(type(plain)),
        compiled=compiled or None,
        modules={name: _module(module, plain) for name, module in plain.named_modules()},
        tensors=_tensors(_of_model(plain), torch, unread),
        optimizer=None if optimizer is None else _ask("optimizer", unread, partial(_optimizer, optimizer, plain)),
        unread=unread,
    )
    return _with_passes(described, model, inputs, torch) if forward else described


def tensors_of(model: Any) -> dict[str, Any]:
    """Return the tensors of a live model, or of a mapping, by name; tied ones under each."""
    if isinstance(model, Mapping):
        return {readable(str(name)): each for name, each in model.items() if hasattr(each, "untyped_storage")}
    return {name: each for name, (each, _, _) in _of_model(getattr(model, "_orig_mod", model)).items()}


def _ask(part: str, unread: dict[str, str], question: Callable[[], Any]) -> Any:
    """Return the answer; where there is none note why, and return None: no training dies of it."""
    try:
        return question()
    except Exception as exc:  # noqa: BLE001 - a description with a gap beats none
        unread[part] = mask(readable(f"{type(exc).__name__}: {exc}"))[:LONGEST]
        return None


def _of_model(model: Any) -> dict[str, tuple[Any, Any, str | None]]:
    """Return the tensors of a model by name, tied ones each, with the module that has them and their local name."""
    found: dict[str, tuple[Any, Any, str | None]] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        for name, each in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
            found[f"{path}.{name}" if path else name] = each, module, name
    return found


def _tensors(found: Mapping[str, Any], torch: Any, unread: dict[str, str]) -> dict[str, Tensor]:
    first: dict[Any, str] = {}
    described: dict[str, Tensor] = {}
    for name, (tensor, owner, local) in found.items():
        key = _place(tensor)
        tied_to = first.setdefault(key, name) if key is not None else name
        if tied_to == name:
            facts = _ask(f"tensors.{name}", unread, partial(_numbers, tensor, owner, local or name, torch)) or {}
        else:
            kept = described[tied_to]
            facts = {"digest": kept.digest, "samples": kept.samples, "looks": kept.looks, "tied_to": tied_to}
        described[name] = _tensor(tensor, owner, local, facts)
    return described


def _tensor(tensor: Any, owner: Any, local: str | None, facts: dict[str, Any]) -> Tensor:
    kind: Literal["parameter", "buffer"] = "buffer"
    if owner is None or local in owner._parameters:  # noqa: SLF001
        kind = "parameter"
    if kind == "parameter":
        facts["trainable"] = bool(tensor.requires_grad)
    else:
        facts["persistent"] = local not in owner._non_persistent_buffers_set  # noqa: SLF001
    facts |= {"device": str(tensor.device), "layout": _layout(tensor)}
    told = {name: value for name, value in facts.items() if value is not None}
    return Tensor(kind=kind, dtype=dtype_of(tensor), shape=tuple(tensor.shape), **told)


def _numbers(tensor: Any, owner: Any, name: str, torch: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"digest": digest_tensor(tensor), "samples": sample(tensor, torch)}
    is_weight = owner is None or name in owner._parameters  # noqa: SLF001
    if is_weight and tensor.layout == torch.strided and not tensor.is_quantized:
        facts["looks"] = looks_of(tensor, owner, name, torch)
    return facts


def _place(tensor: Any) -> Any:
    """Return where a tensor's numbers lie, the same for tied ones; None where that cannot be told."""
    try:
        return tensor.device, tensor.untyped_storage().data_ptr() or None, tensor.storage_offset(), tuple(tensor.shape)
    except (RuntimeError, NotImplementedError):  # sparse tensors, and those of the meta device
        return None


def _layout(tensor: Any) -> str | None:
    """Return how a tensor lies in memory, None where that is row by row."""
    if str(tensor.layout) != "torch.strided":
        return str(tensor.layout).removeprefix("torch.")
    if tensor.is_contiguous():
        return None
    name = FORMATS.get(tensor.dim())
    if name and tensor.is_contiguous(memory_format=getattr(sys.modules["torch"], name)):
        return name
    return f"strides {tuple(tensor.stride())}"


def _module(module: Any, root: Any) -> Module:
    attributes = attributes_of(module, digest_tensor)
    if module is root:
        attributes.pop("config", None)
        attributes.update(configuration_of(module, digest_tensor))
    hooks = tuple(named(hook) for table in HOOKS for hook in (getattr(module, table, None) or {}).values())
    facts: dict[str, Any] = {"hooks": hooks} if hooks else {}
    return Module(type=_type_of(module), training=bool(module.training), attributes=attributes, **facts)


def _type_of(module: Any) -> str:
    original = getattr(module, "original_name", None)  # of TorchScript
    return (
        str(original) if isinstance(original, str) and "ScriptModule" in type(module).__name__ else named(type(module))
    )


def _optimizer(optimizer: Any, model: Any) -> Optimizer:
    names = {id(each): name for name, each in model.named_parameters()}
    groups = tuple(
        {key: _setting(value) for key, value in sorted(group.items()) if key not in {"params", "param_names"}}
        for group in optimizer.param_groups
    )
    state: dict[str, dict[str, str]] = {}
    steps = []
    order = [each for group in optimizer.param_groups for each in group["params"]]
    for number, parameter in enumerate(order):
        kept = optimizer.state.get(parameter) or {}
        if kept:
            state[names.get(id(parameter), f"parameter {number}")] = {
                str(key): str(plain_value(value, digest_tensor)) for key, value in sorted(kept.items())
            }
            steps.append(int(kept.get("step", 0)))
    return Optimizer(type=named(type(optimizer)), groups=groups, state=state, steps=max(steps, default=None))


def _setting(value: Any) -> Any:
    """Return a setting as a number where it is one: a learning rate may be a tensor."""
    return value.item() if hasattr(value, "item") else plain_value(value, digest_tensor)


def _with_passes(described: Model, model: Any, inputs: Any, torch: Any) -> Model:
    """Return the description with a pass in evaluation mode, and one in the model's own where that is another."""
    unread = dict(described.unread)
    plain = getattr(model, "_orig_mod", model)
    names = {} if isinstance(plain, torch.jit.ScriptModule) else _names(plain)
    offered = iter([as_arguments(inputs)]) if inputs is not None else candidates(plain, torch)
    passes: dict[str, Pass] = {}
    is_training = any(module.training for module in plain.modules())
    with undisturbed(plain, torch) as trial:
        arguments, evaluated = _first_that_runs(trial, plain, offered, names, unread)
        if arguments is not None and evaluated is not None:
            passes = {"own": evaluated, "eval": evaluated}
            if model is plain and is_training:
                own = partial(run_pass, trial, plain, arguments, names, evaluate=False)
                passes = _with_own(passes, _ask("passes.own", unread, own))
    if model is not plain and arguments is not None:  # the compiled graph, without hooks, which would break it
        with undisturbed(model, torch) as trial:
            own = partial(run_pass, trial, model, arguments, {}, evaluate=False)
            passes = _with_own(passes, _ask("passes.own", unread, own))
    given: Literal["given", "made"] = "made" if inputs is None else "given"
    facts: dict[str, Any] = {"passes": passes, "inputs": given} if passes else {}
    return described.model_copy(update={"unread": unread, **facts})


def _with_own(passes: dict[str, Pass], own: Pass | None) -> dict[str, Pass]:
    return {"eval": passes["eval"]} if own is None else {"own": own, "eval": passes["eval"]}


def _names(model: Any) -> dict[int, str]:
    names: dict[int, str] = {}
    for name, module in model.named_modules():
        names.setdefault(id(module), name)
    return names


def _first_that_runs(
    trial: Trial, model: Any, offered: Iterator[Arguments], names: dict[int, str], unread: dict[str, str]
) -> tuple[Arguments | None, Pass | None]:
    """Return the first inputs that the model takes, with what it gives for them in evaluation mode."""
    reason: dict[str, str] = {"passes": "the model names no inputs, and none could be made: pass some as inputs="}
    for arguments in offered:
        reason = {}
        found = _ask("passes", reason, partial(run_pass, trial, model, arguments, names, evaluate=True))
        if found is not None:
            return arguments, found
    unread.update(reason)
    return None, None
