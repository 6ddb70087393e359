"""One forward pass, watched: what goes into each module and comes out, and what the pass changes.

The hooks are torch's global ones: a hook on a module itself switches off the fast path of TransformerEncoder
(torch/nn/modules/transformer.py, `why_not_sparsity_fast_path`), and other kernels give other bits.
"""

import contextlib
import copy
import sys
import threading
from collections.abc import Iterator
from typing import Any

from envprint.manifest.model import Call, Pass
from envprint.models.generators import states
from envprint.models.made_inputs import Arguments
from envprint.models.undisturbed import Trial
from envprint.models.values import Digests, dtype_of, first_tensor, sample, tensors_in

MOST_CALLS = 20_000  # of a model that loops; what comes later is not described


class Watch:
    """The calls of one pass in this thread, in the order in which they ended."""

    def __init__(self, names: dict[int, str], torch: Any) -> None:
        self.names = names
        self.torch = torch
        self.thread = threading.get_ident()
        self.digests = Digests()
        self.calls: list[Call] = []
        self.begun: list[tuple[int, str, Any]] = []

    def begin(self, module: Any, arguments: Any) -> None:
        """Note what goes in, before the module can write to it, and the states of the generators."""
        if self._is_watched(module):
            self.begun.append((id(module), self.digests.of(arguments), states(self.torch)))

    def end(self, module: Any, _: Any, named: Any, output: Any = None) -> None:
        """Note what came out; `named` are the arguments that were given by name."""
        if not self._is_watched(module):
            return
        while self.begun and self.begun[-1][0] != id(module):  # one that raised, and was caught
            self.begun.pop()
        if not self.begun:
            return
        _, inputs, before = self.begun.pop()
        given = self.digests.of((inputs, named)) if named else inputs
        draws = not all(map(self.torch.equal, before, states(self.torch)))
        self.calls.append(self._call(self.names[id(module)], given, output, draws=draws))

    def _is_watched(self, module: Any) -> bool:
        return id(module) in self.names and len(self.calls) < MOST_CALLS and threading.get_ident() == self.thread

    def _call(self, name: str, inputs: str, output: Any, *, draws: bool) -> Call:
        tensor = first_tensor(output)
        facts: dict[str, Any] = {}
        if tensor is not None:
            facts = {"dtype": dtype_of(tensor), "samples": sample(tensor, self.torch)}
        return Call(module=name, inputs=inputs, outputs=self.digests.of(output), draws=draws, **facts)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to every module of the process meanwhile."""
        module = self.torch.nn.modules.module
        hooks = module.register_module_forward_pre_hook(self.begin), _register(module, self.end)
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
                # remove() of torch 2.13 forgets it there, and torch.compile then warns of hooks for ever
                getattr(module, "_global_forward_hooks_with_kwargs", {}).pop(hook.id, None)


def _register(module: Any, end: Any) -> Any:
    try:
        return module.register_module_forward_hook(end, with_kwargs=True)
    except TypeError:  # torch before 2.1: without arguments by name
        return module.register_module_forward_hook(lambda of, given, output: end(of, given, {}, output))


def run_pass(trial: Trial, model: Any, arguments: Arguments, names: dict[int, str], *, evaluate: bool) -> Pass:
    """Run one pass, in the model's own mode or in evaluation mode; raises what the model raises."""
    torch = sys.modules["torch"]
    watch = Watch(names, torch)
    trial.begin(evaluate=evaluate)
    given = _copied(arguments)
    inputs = watch.digests.of(given)
    before = {id(module): dict(vars(module)) for module in model.modules()}
    with watch.listening() if names else contextlib.nullcontext():
        output = _inner(model, torch)(*given[0], **given[1])
    outputs = watch.digests.of(output)
    changed = [*trial.written(), *_set(model, before, watch.digests)] if evaluate else []
    if evaluate and Digests().of(given) != inputs:
        changed.append("inputs")
    return Pass(inputs=inputs, outputs=outputs, calls=tuple(watch.calls), changed=tuple(sorted(set(changed))))


def _inner(model: Any, torch: Any) -> Any:
    """Return the model within what spreads it over devices or processes: those would wait for one another."""
    while isinstance(model, (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)):
        model = model.module
    return model


def _copied(arguments: Arguments) -> Arguments:
    """Return arguments whose tensors and containers are copies: a pass may write to its input."""
    memo = {id(each): each.detach().clone().requires_grad_(each.requires_grad) for each in tensors_in(arguments)}
    try:
        return copy.deepcopy(arguments, memo)
    except (TypeError, RuntimeError):  # it holds what cannot be copied, such as a lock or an open file
        return arguments


def _set(model: Any, before: dict[int, dict[str, Any]], digests: Digests) -> Iterator[str]:
    """Yield the public attributes that have another value than before."""
    for path, module in model.named_modules():
        kept = before.get(id(module))
        if kept is None:
            yield path
            continue
        for name, value in vars(module).items():
            if name.startswith("_") or name == "training" or value is kept.get(name):
                continue
            if name not in kept or digests.of(value) != digests.of(kept[name]):
                yield f"{path}.{name}" if path else name
