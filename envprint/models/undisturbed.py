"""Run a forward pass and leave no trace: mode, buffers, weights, attributes and generators stay as they were."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TypeAlias

Copies: TypeAlias = dict[int, tuple[Any, Any]]

SEED = 0
COPIED_BYTES = 256 << 20  # weights up to this are copied, so that a forward pass that writes to them spoils nothing


@contextlib.contextmanager
def undisturbed(model: Any, torch: Any, *, evaluate: bool) -> Iterator[Copies]:
    """Let a forward pass run in the model's own mode or in evaluation mode, and put back what it changes.

    The generators begin at one seed. Buffers, and weights where they are not large, are copies meanwhile: what is
    written to goes with them, and no version of a tensor is counted up that a graph of autograd has kept. Yields by
    id() of the original each original with its copy.
    """
    with generators_kept(torch), torch.no_grad():
        if is_opaque(model, torch):
            with _put_back(model, torch, evaluate=evaluate):
                yield {}
        else:
            with _exchanged(model, torch, evaluate=evaluate) as copies:
                yield copies


def is_opaque(model: Any, torch: Any) -> bool:
    """Tell whether a model's tensors cannot be exchanged: those of TorchScript, or of a graph that was compiled."""
    return isinstance(model, torch.jit.ScriptModule) or hasattr(model, "_orig_mod")


@contextlib.contextmanager
def _put_back(model: Any, torch: Any, *, evaluate: bool) -> Iterator[None]:
    kept = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    mode = model.training
    try:
        if evaluate and mode:
            model.train(mode=False)
        yield
    finally:
        if evaluate and mode:
            model.train(mode=True)
        for buffer, copy in kept:
            with torch.autograd._unsafe_preserve_version_counter(buffer):  # noqa: SLF001 - no public way
                buffer.copy_(copy)


@contextlib.contextmanager
def _exchanged(model: Any, torch: Any, *, evaluate: bool) -> Iterator[Copies]:
    before = [(module, dict(vars(module))) for module in model.modules()]
    tables = [table for module, _ in before for table in (module._parameters, module._buffers)]  # noqa: SLF001
    kept = [(table, dict(table)) for table in tables]
    try:
        copies = _copies(model, torch)
        for table, found in kept:
            table.update({name: copies[id(each)][1] for name, each in found.items() if id(each) in copies})
        for module, attributes in before:
            flat = attributes.get("_flat_weights")  # torch.nn.RNNBase computes with this list of its weights
            if isinstance(flat, list):
                vars(module)["_flat_weights"] = [copies.get(id(each), (each, each))[1] for each in flat]
            if evaluate:
                vars(module)["training"] = False  # not by eval(): some classes merge weights there
        yield copies
    finally:
        for target, found in (*((vars(module), attributes) for module, attributes in before), *kept):
            target.clear()
            target.update(found)


def _copies(model: Any, torch: Any) -> Copies:
    """Return originals and copies of all buffers, and of the weights where they are not large; tied ones once."""
    copies: Copies = {id(each): (each, each.detach().clone()) for each in model.buffers()}
    weights = list(model.parameters())
    if sum(each.numel() * each.element_size() for each in weights) <= COPIED_BYTES:
        for each in weights:
            copies[id(each)] = each, torch.nn.Parameter(each.detach().clone(), requires_grad=each.requires_grad)
    return copies


@contextlib.contextmanager
def generators_kept(torch: Any) -> Iterator[None]:
    """Seed every generator, and put back the states of those of Python, numpy, torch and each device in use."""
    import random

    numpy = sys.modules.get("numpy")
    of_python, of_numpy = random.getstate(), numpy.random.get_state() if numpy else None
    with contextlib.ExitStack() as stack:
        for kind in ("cuda", "xpu", "mps"):
            backend = getattr(torch, kind, None)
            if backend is not None and backend.is_available() and getattr(backend, "is_initialized", lambda: True)():
                devices = list(range(backend.device_count()))
                stack.enter_context(torch.random.fork_rng(devices, device_type=kind))
        stack.enter_context(torch.random.fork_rng([]))
        torch.manual_seed(SEED)
        random.seed(SEED)
        if numpy:
            numpy.random.seed(SEED)
        try:
            yield
        finally:
            random.setstate(of_python)
            if numpy:
                numpy.random.set_state(of_numpy)
