"""Run forward passes and leave no trace: mode, buffers, weights, attributes and generators stay as they were."""

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

from envprint.models.digest import digest_tensor
from envprint.models.generators import generators_kept, seed_generators

COPIED_BYTES = 256 << 20  # weights up to this are copied, so that a forward pass that writes to them spoils nothing


class Trial(Protocol):
    """A model that can be run, pass after pass, and is as it was when all is done."""

    def begin(self, *, evaluate: bool) -> None:
        """Make the model as it was, in its own mode or in evaluation mode, with generators at one seed."""

    def written(self) -> list[str]:
        """Return the names of the buffers and weights that were written to since."""


@contextlib.contextmanager
def undisturbed(model: Any, torch: Any) -> Iterator[Trial]:
    """Let forward passes run, without gradients, and put back what they change."""
    with generators_kept(torch), torch.no_grad(), contextlib.ExitStack() as stack:
        trial = OnTheSpot(model, torch) if is_opaque(model, torch) else OnCopies(model, torch)
        stack.callback(trial.end)
        yield trial


def is_opaque(model: Any, torch: Any) -> bool:
    """Tell whether a model's tensors cannot be exchanged: those of TorchScript, or of a graph that was compiled."""
    return isinstance(model, torch.jit.ScriptModule) or hasattr(model, "_orig_mod")


class OnTheSpot:
    """A model whose own buffers are used, and put back."""

    def __init__(self, model: Any, torch: Any) -> None:
        self.model, self.torch, self.training = model, torch, model.training
        self.kept = {name: (buffer, buffer.detach().clone()) for name, buffer in model.named_buffers()}

    def begin(self, *, evaluate: bool) -> None:
        """Make the model as it was, in its own mode or in evaluation mode."""
        seed_generators(self.torch)
        self.end()
        if evaluate and self.training:
            self.model.train(mode=False)

    def written(self) -> list[str]:
        """Return the names of the buffers that were written to."""
        return [name for name, sides in self.kept.items() if not same_bits(*sides, self.torch)]

    def end(self) -> None:
        """Put back mode and buffers, without counting up the version that a graph of autograd may have kept."""
        if self.model.training != self.training:
            self.model.train(mode=self.training)
        for name in self.written():
            buffer, copy = self.kept[name]
            with self.torch.autograd._unsafe_preserve_version_counter(buffer):  # noqa: SLF001 - no public way
                buffer.copy_(copy)


class OnCopies:
    """A model whose buffers, and weights where they are not large, are copies meanwhile; tied ones are one copy."""

    def __init__(self, model: Any, torch: Any) -> None:
        self.model, self.torch = model, torch
        self.attributes = [(module, dict(vars(module))) for module in model.modules()]
        tables = [table for module, _ in self.attributes for table in (module._parameters, module._buffers)]  # noqa: SLF001
        self.tables = [(table, dict(table)) for table in tables]
        self.names = {id(each): name for name, each in (*model.named_parameters(), *model.named_buffers())}
        self.copies: dict[int, tuple[Any, Any]] = {id(each): (each, each.detach().clone()) for each in model.buffers()}
        weights = list(model.parameters())
        if sum(each.numel() * each.element_size() for each in weights) <= COPIED_BYTES:
            for each in weights:
                copy = torch.nn.Parameter(each.detach().clone(), requires_grad=each.requires_grad)
                self.copies[id(each)] = each, copy

    def begin(self, *, evaluate: bool) -> None:
        """Make the model as it was, in its own mode or in evaluation mode, upon the copies."""
        seed_generators(self.torch)
        self.end()
        for table, found in self.tables:
            table.update({name: self._copy(each) for name, each in found.items()})
        for module, attributes in self.attributes:
            flat = attributes.get("_flat_weights")  # torch.nn.RNNBase computes with this list of its weights
            if isinstance(flat, list):
                vars(module)["_flat_weights"] = [self._copy(each) for each in flat]
            if evaluate:
                vars(module)["training"] = False  # not by eval(): some classes merge weights there

    def _copy(self, each: Any) -> Any:
        return self.copies.get(id(each), (each, each))[1]

    def written(self) -> list[str]:
        """Return the names of what was written to, or exchanged for another tensor, and make the copies good again."""
        found = {id(each) for table, _ in self.tables for each in table.values()}
        written = []
        for key, (original, copy) in self.copies.items():
            if id(copy) not in found or not same_bits(original, copy, self.torch):
                written.append(self.names[key])
                copy.data.copy_(original)
        return written

    def end(self) -> None:
        """Put back the tensors and attributes themselves."""
        for target, found in (*((vars(module), attributes) for module, attributes in self.attributes), *self.tables):
            target.clear()
            target.update(found)


def same_bits(a: Any, b: Any, torch: Any) -> bool:
    """Tell whether two tensors of one shape hold the same bits; a number that is none equals itself here."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return bool(torch.equal(a, b)) or digest_tensor(a) == digest_tensor(b)
