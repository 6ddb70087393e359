"""Listen to the modules of the steps of a window: what each returns, and the gradients that come back to it.

Gradients are heard of by hooks on tensors: those of modules put a node of their own into the graph. Hooks of modules
are part of what torch.compile makes, so that there are none from the moment on at which it is called.
"""

import contextlib
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from envprint.models.reading import Reading
from envprint.models.values import Told, tensors_in
from envprint.recorder.calls import Undo, hook
from envprint.recorder.chosen import Chosen
from envprint.recorder.hooking import computes_again, hook_all, may_read, unseen
from envprint.recorder.naming import names_of
from envprint.recorder.nesting import Nesting
from envprint.recorder.passing import Passes, Table
from envprint.recorder.stepping import Steps

MOST_PARTS = 8  # outputs of one module whose gradients are heard of
COMPILED = "torch.compile is used: within what is compiled no modules are seen; a compiled one is as a whole"
FULL = "no more modules are told of from step {} on: what of them is kept takes as much room as there is"
THREADS = "modules that other threads call are not told of"
Noting = Callable[[str], AbstractContextManager[None]]


class Listener:
    """What listens to modules within a window: attached behind the step before it, gone behind its last."""

    def __init__(
        self,
        chosen: Chosen,
        torch: Any,
        note: Callable[[str], None],
        noting: Noting,
        reading: Callable[[], Reading | None],
    ) -> None:
        self.chosen = chosen
        self.torch = torch
        self.note = note
        self.noting = noting
        self.reading = reading
        self.table = Table(len(chosen))
        self.passes: Passes | None = None
        self.closed = True
        self.step = 1
        self.is_open = False
        self.hooks: list[Undo] = []
        self.compiles = False
        self.thread: int | None = None
        self.nesting = Nesting()

    def open(self) -> None:
        """Listen from now on."""
        self.is_open = True
        made = getattr(sys.modules.get("torch._dynamo.eval_frame"), "cached_backends", {})
        if any(map(callable, made.values())):  # something was compiled before this was recorded
            self.compiling()
        if not self.compiles:
            self.hooks = hook_all(self.torch, self._hook(self.begin), self._hook(self.end))

    def shut(self) -> None:
        """Listen no more."""
        self.is_open = False
        self._unhook()

    def _unhook(self) -> None:
        hooks, self.hooks = self.hooks, []
        for undo in hooks:
            undo()

    def _hook(self, heard: Callable[..., None]) -> Callable[..., None]:
        def noted(*given: Any) -> None:
            with self.noting("modules"), unseen(self.torch) as may_compute:
                if may_compute:
                    heard(*given)

        return hook(noted)

    def compiling(self) -> None:
        """Leave modules alone from now on, but for those that are compiled, seen from outside."""
        self.compiles = True
        self.note(COMPILED)
        self._unhook()

    def begin(self, module: Any, given: Any) -> None:
        """Note what goes into a module, before it can write to that."""
        if not self._hears() or computes_again(self.torch):
            return
        heard = self.nesting.is_heard() if self.nesting.is_within(module) else self._begins(module)
        self.nesting.begin(module, heard=heard, given=self._digest(given) if heard else "")

    def _begins(self, module: Any) -> bool:
        """Tell whether a call from outside of all others is heard."""
        if self.step not in self.chosen:
            self.passes = None
            return False
        if not self._is_trained(module):
            return False
        if self.closed or self.passes is None:
            self.passes, self.closed = Passes(self.table, self.torch, self.reading()), False
        self.passes.roots.append(module)
        return True

    def _digest(self, given: Any) -> Told:
        """Return the digest of what a module is given: of one tensor its own, which may be that of another's output."""
        with contextlib.suppress(Exception):  # what cannot be read is told of without it
            if self.passes is not None:
                return self.passes.digest(given[0] if isinstance(given, tuple) and len(given) == 1 else given)
        return ""

    def end(self, module: Any, _: Any, named: Any, output: Any) -> None:
        """Note what a module returned, and hear of the gradients with regard to it; `named` was given by name."""
        if computes_again(self.torch):
            if self.passes is not None and self._hears():
                self._hear_gradients(self.passes, module, output)
            return
        heard, inputs = self.nesting.end(module)
        if heard and self.passes is not None and self._hears():
            given = self._digest((inputs, named)) if named else inputs
            self.passes.add("forward", module, output, inputs=given)
            self._hear_gradients(self.passes, module, output)

    def _hear_gradients(self, passes: Passes, module: Any, output: Any) -> None:
        from torch.utils.hooks import unserializable_hook

        for place, tensor in enumerate(list(tensors_in(output))[:MOST_PARTS]):
            if tensor.requires_grad and tensor.grad_fn is not None:
                part = f"[{place}]" if place else ""
                heard = self._hook(partial(self._came, passes, module, part))
                tensor.register_hook(unserializable_hook(heard))  # else to save the tensor warns

    def _came(self, passes: Passes, module: Any, part: str, gradient: Any) -> None:
        if gradient is not None and self._hears():
            passes.add("backward", module, gradient, part=part)

    def returned(self) -> None:
        """Note the gradients of the weights as backward() left them, module by module."""
        passes = self.passes
        if passes is None or computes_again(self.torch) or not self._hears():
            return
        passes.add_gradients()
        if not self.is_open:
            self.passes = None

    def told(self, steps: Steps) -> Any:
        """Return what was heard of the modules in the step that ends, if anything was."""
        with self.noting("modules"):
            if steps.count in self.chosen and self.passes is not None and not self.closed:
                return self.passes.close(names_of(steps.model, self.passes.roots))
        return None

    def stepped(self, steps: Steps, *, gone: bool) -> None:
        """Turn to the next step; gradients of the one that ended come later unless they are `gone`."""
        step, self.step = steps.count, steps.count + 1
        if self.table.room <= 0 and self.is_open:
            self.note(FULL.format(step))
            self.shut()
        self.closed, self.thread = True, threading.get_ident()
        self.nesting.clear()
        if step + 1 == self.chosen.first:
            self.open()
        elif step >= self.chosen.last and self.is_open:
            self.shut()
        if gone and not self.is_open:
            self.passes = None

    def _hears(self) -> bool:
        return self.table.room > 0 and may_read(self.torch)

    def _is_trained(self, module: Any) -> bool:
        """Tell whether a call from outside of all others trains; metrics and losses have nothing to train."""
        if not self.torch.is_grad_enabled() or not any(each.requires_grad for each in module.parameters()):
            return False
        if self.thread is None:
            self.thread = threading.get_ident()
        if self.thread != threading.get_ident():
            self.note(THREADS)
            return False
        return True
