"""Run a model for its description: with inputs that it takes, in evaluation mode and in its own."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from envprint.manifest.gaps import readable
from envprint.manifest.model import Pass
from envprint.models.asking import ask
from envprint.models.made_inputs import Arguments, as_arguments, candidates
from envprint.models.passes import run_pass
from envprint.models.tensor_facts import inner, of_model
from envprint.models.undisturbed import Trial, undisturbed
from envprint.models.values import is_uninitialised

SHARDED = {"FSDPModule", "FullyShardedDataParallel", "DeepSpeedEngine", "DTensor"}


def is_compiled(model: Any) -> bool:
    """Tell whether torch.compile wraps a model, or model.compile() was called."""
    return inner(model) is not model or vars(model).get("_compiled_call_impl") is not None


def run_passes(model: Any, inputs: Any, torch: Any, unread: dict[str, str]) -> dict[str, Any]:
    """Return a pass in evaluation mode, and one in the model's own where that is another."""
    plain = inner(model)
    _check_that_it_runs_alone(plain)
    names = {} if isinstance(plain, torch.jit.ScriptModule) else _names(plain)
    offered = iter([as_arguments(inputs)]) if inputs is not None else candidates(plain, torch)
    is_training = any(getattr(module, "training", False) for module in plain.modules())
    with undisturbed(plain, torch) as trial:
        arguments, evaluated = _first_that_runs(trial, plain, offered, names, unread)
        if evaluated is None and inputs is not None and is_training:  # some take their inputs in training alone
            unread["passes.eval"], arguments = unread.pop("passes"), as_arguments(inputs)
        if arguments is None:
            return {}
        own: Pass | None = evaluated
        if is_training and not is_compiled(model):
            own = ask("passes.own", unread, partial(_own_pass, trial, plain, arguments, names))
    if is_compiled(model):
        own = ask("passes.own", unread, partial(_compiled_pass, model, arguments, torch, is_given=inputs is not None))
    passes = {mode: each for mode, each in (("own", own), ("eval", evaluated)) if each is not None}
    return {"passes": passes, "inputs": "made" if inputs is None else "given"} if passes else {}


def _own_pass(trial: Trial, model: Any, arguments: Arguments, names: dict[int, str]) -> Pass:
    distributed = sys.modules["torch"].distributed
    waits = any(type(module).__name__ == "SyncBatchNorm" and module.training for module in model.modules())
    if waits and distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1:
        raise ValueError("SyncBatchNorm waits for the other processes in training mode")
    return run_pass(trial, model, arguments, names, evaluate=False)


def _compiled_pass(model: Any, arguments: Arguments, torch: Any, *, is_given: bool) -> Pass:
    """Run the compiled graph, without hooks, which would break it."""
    if not is_given:  # seeing another shape, dynamo would compile for any: other kernels, other bits
        raise ValueError("the model is compiled: pass inputs of the shape that it is compiled for as inputs=")
    with undisturbed(model, torch, exchange=False) as trial:
        return run_pass(trial, model, arguments, {}, evaluate=False)


def _check_that_it_runs_alone(model: Any) -> None:
    tensors = [each for each, _, _ in of_model(model).values()]
    if any(map(is_uninitialised, tensors)):
        raise ValueError("a lazy module has no weights yet: run the model once")
    classes = {each.__name__ for module in model.modules() for each in type(module).__mro__}
    if (classes | {type(each).__name__ for each in tensors}) & SHARDED:
        raise ValueError("a model that is sharded over processes does not run in one of them alone")


def _names(model: Any) -> dict[int, str]:
    names: dict[int, str] = {}
    for name, module in model.named_modules():
        names.setdefault(id(module), readable(name))
    return names


def _first_that_runs(
    trial: Trial, model: Any, offered: Iterator[Arguments], names: dict[int, str], unread: dict[str, str]
) -> tuple[Arguments | None, Pass | None]:
    """Return the first inputs that the model takes, with what it gives for them in evaluation mode."""
    reason: dict[str, str] = {"passes": "the model names no inputs, and none could be made: pass some as inputs="}
    for arguments in offered:
        reason = {}
        found = ask("passes", reason, partial(run_pass, trial, model, arguments, names, evaluate=True))
        if found is not None:
            return arguments, found
    unread.update(reason)
    return None, None
