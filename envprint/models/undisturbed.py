"""Run forward passes and leave no trace: mode, buffers, weights, attributes and generators stay as they were."""

import contextlib
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from envprint.models.belongings import Belongings
from envprint.models.generators import generators_kept, seed_generators
from envprint.models.stand_ins import same_bits, stand_ins

COPIED_BYTES = 256 << 20  # weights up to this are copied, so that a forward pass that writes to them spoils nothing

# two that exchange the tensors of one model would each describe, and put back, the copies of the other
ONE_AT_A_TIME = threading.RLock()


@contextlib.contextmanager
def undisturbed(model: Any, torch: Any, *, exchange: bool = True) -> Iterator["Trial"]:
    """Let forward passes run, without gradients, and put back what they change.

    Without `exchange` the model's own tensors are used and written back: a graph that was compiled is compiled anew
    for others.
    """
    with generators_kept(torch), torch.no_grad(), _apart(torch, eager=exchange):
        trial = Trial(model, torch, exchange=exchange)
        with trial.kept():
            yield trial


@contextlib.contextmanager
def _apart(torch: Any, *, eager: bool) -> Iterator[None]:
    """Show no warnings, compile nothing, and let autocast remember no weights: here they have no graph."""
    remembers = torch.is_autocast_cache_enabled()
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore")
        if eager and "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):  # torch 2.6
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        torch.set_autocast_cache_enabled(False)
        stack.callback(torch.set_autocast_cache_enabled, remembers)
        yield


class Trial:
    """A model that can be run, pass after pass, and is as it was when all is done.

    It runs upon copies of its parameters and buffers. What cannot be exchanged, as the tensors of TorchScript and those
    that are plain attributes, is written back. Weights above COPIED_BYTES are not copied.
    """

    def __init__(self, model: Any, torch: Any, *, exchange: bool) -> None:
        self.torch = torch
        self.belongings = Belongings(model, torch)
        self.evaluated = list(model.modules())
        self.exchanging = [each for each in self.belongings.modules if exchange and not _is_script(each)]
        self.modes = [
            (each, each.training) for each in self.evaluated if _is_script(each) and hasattr(each, "training")
        ]
        tables = [table for each in self.exchanging for table in (each._parameters, each._buffers)]  # noqa: SLF001
        self.tables = [(table, {name: each for name, each in table.items() if each is not None}) for table in tables]
        inside = {id(each) for _, found in self.tables for each in found.values()}
        self.tensors = {id(each): (name, each) for name, each in self.belongings.tensors if id(each) in inside}
        self.shared = _too_large(self.exchanging)
        self.copies = self._copies()
        self.fresh = True
        self.loose = list(self._loose(inside))

    def _loose(self, inside: set[int]) -> Iterator[tuple[str, Any, Any]]:
        left = COPIED_BYTES
        for name, each in self.belongings.tensors:
            if id(each) in inside or _size(each) > left:
                continue
            with contextlib.suppress(RuntimeError):  # NotImplementedError too: of some kinds there is no copy
                yield name, each, each.detach().clone()
                left -= _size(each)

    def _copies(self) -> dict[int, Any]:
        return stand_ins((each for _, each in self.tensors.values()), self.shared, self.torch)

    def begin(self, *, evaluate: bool) -> None:
        """Make the model as it was, in its own mode or in evaluation mode, with generators at one seed."""
        self.put_back()
        if not self.fresh:
            self.copies = self._copies()
        self.fresh = False
        for table, found in self.tables:
            table.update({name: self.copies[id(each)] for name, each in found.items()})
        for module in self.exchanging:
            flat = vars(module).get("_flat_weights")  # torch.nn.RNNBase computes with this list of its weights
            if isinstance(flat, list):
                vars(module)["_flat_weights"] = [self.copies.get(id(each), each) for each in flat]
        if evaluate:
            self._evaluate()
        seed_generators(self.torch)

    def _evaluate(self) -> None:
        for module in self.evaluated:
            if not _is_script(module):
                vars(module)["training"] = False  # not by eval(): some classes merge weights there
        for module, _ in self.modes:
            module.training = False

    def written(self) -> list[str]:
        """Return the names of the tensors that hold other numbers than when the pass began."""
        exchanged = {
            self.tensors[id(each)][0]
            for table, found in self.tables
            for name, each in found.items()
            if self._is_written(each, table.get(name))
        }
        self.fresh = not exchanged
        return [*exchanged, *(name for name, each, copy in self.loose if not same_bits(each, copy, self.torch))]

    def _is_written(self, each: Any, now: Any) -> bool:
        if id(each) in self.shared and now is self.copies[id(each)]:
            return False
        return now is None or not same_bits(each, now, self.torch)

    def put_back(self) -> None:
        """Put back the tensors themselves, attributes, modes and what lies in containers."""
        self.belongings.put_back()
        for module, training in self.modes:
            if module.training != training:
                module.training = training
        for _, each, copy in self.loose:
            if not same_bits(each, copy, self.torch):
                _write(each, copy)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Put everything back at the end, and the versions too: a graph of autograd counts what is written."""
        with contextlib.ExitStack() as stack:
            for _, each, _ in self.loose:
                if not each.is_inference():
                    stack.enter_context(self.torch.autograd._unsafe_preserve_version_counter(each))  # noqa: SLF001
            stack.callback(self.put_back)
            yield


def _is_script(module: Any) -> bool:
    return not isinstance(module._parameters, dict)  # noqa: SLF001 - TorchScript has a table of its own


def _size(tensor: Any) -> int:
    return int(tensor.numel() * tensor.element_size())


def _too_large(modules: list[Any]) -> set[int]:
    """Return the ids of the weights, if all together they are too large to be copied."""
    weights = {id(each): each for module in modules for each in module._parameters.values() if each is not None}  # noqa: SLF001
    return set(weights) if sum(map(_size, weights.values())) > COPIED_BYTES else set()


def _write(tensor: Any, copy: Any) -> None:
    if tensor.shape == copy.shape and tensor.dtype == copy.dtype:
        tensor.copy_(copy)
    else:
        tensor.data = copy.clone()
