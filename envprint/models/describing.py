"""Describe a live model: tensors, what its modules are beside them, its optimizer, and what a forward pass gives."""

import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from envprint.manifest.gaps import readable
from envprint.manifest.model import Model, Module
from envprint.models.asking import ask
from envprint.models.attributes import attributes_of, configuration_of, named
from envprint.models.digest import digest_tensor
from envprint.models.optimizer_facts import describe_optimizer
from envprint.models.running import is_compiled, run_passes
from envprint.models.tensor_facts import describe_tensors, inner, of_model, tensors_of
from envprint.models.undisturbed import ONE_AT_A_TIME

HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
STATE_DICT = "state_dict"

__all__ = ["describe", "tensors_of"]


def describe(model: Any, optimizer: Any = None, inputs: Any = None, *, forward: bool = True) -> Model:
    """Return the section about a live model, or about a mapping of names to tensors, as state_dict() makes one.

    `inputs` are a tensor, a tuple of arguments or a dict of named ones; without, some are made, the same on every
    machine. One pass runs in the model's own mode and, where that is training, one in evaluation mode; none without
    `forward`. Mode, buffers, weights, gradients, attributes, what they hold in plain containers, and random generators
    stay as they were, also where the model raises: that is told by `unread`. What cannot be undone: hooks that users
    registered run too, and may count; an object of a class of its own that forward changes stays changed; weights above
    256 MiB that forward writes to stay written. No other thread may use the model meanwhile. No pass runs of a lazy
    model that has no weights yet, nor of one that is sharded over processes.
    """
    with ONE_AT_A_TIME:
        return _described(model, optimizer, inputs, forward=forward)


def _described(model: Any, optimizer: Any, inputs: Any, *, forward: bool) -> Model:
    torch = sys.modules["torch"]
    unread: dict[str, str] = {}
    if isinstance(model, Mapping):
        facts = {name: (each, None, None) for name, each in tensors_of(model).items()}
        return Model(type=STATE_DICT, tensors=describe_tensors(facts, torch, unread), unread=unread)
    plain = inner(model)
    described = Model(
        type=named(type(plain)),
        compiled=is_compiled(model) or None,
        modules=_modules(plain, unread),
        tensors=describe_tensors(of_model(plain), torch, unread),
        optimizer=None
        if optimizer is None
        else ask("optimizer", unread, partial(describe_optimizer, optimizer, plain)),
        unread=unread,
    )
    if not forward:
        return described
    passed = ask("passes", unread, partial(run_passes, model, inputs, torch, unread)) or {}
    return described.model_copy(update={"unread": unread, **passed})


def _modules(model: Any, unread: dict[str, str]) -> dict[str, Module]:
    found = {readable(name): module for name, module in model.named_modules()}
    asked = {name: ask(f"modules.{name}", unread, partial(_module, each, model)) for name, each in found.items()}
    return {name: asked[name] or Module(type=named(type(each))) for name, each in found.items()}


def _module(module: Any, root: Any) -> Module:
    attributes = attributes_of(module, digest_tensor)
    if module is root:
        configuration = configuration_of(module, digest_tensor)
        if configuration:
            attributes = {name: value for name, value in attributes.items() if name != "config"} | configuration
    hooks = tuple(named(hook) for table in HOOKS for hook in (getattr(module, table, None) or {}).values())
    facts: dict[str, Any] = {"hooks": hooks} if hooks else {}
    training = getattr(module, "training", None)  # TorchScript that was frozen has no mode
    return Module(type=_type_of(module), training=training, attributes=attributes, **facts)


def _type_of(module: Any) -> str:
    if "ScriptModule" not in type(module).__name__:
        return named(type(module))
    return str(getattr(module, "original_name", None) or named(type(module)))
