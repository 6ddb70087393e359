"""Digests and norms of what an optimizer works on, and the model that owns it."""

import functools
import gc
import math
import sys
from itertools import compress
from typing import Any

from envprint.models.on_device import Later
from envprint.models.reading import Reading


def parameters_of(optimizer: Any) -> list[Any]:
    """Return the parameters of an optimizer, in its order."""
    return [each for group in optimizer.param_groups for each in group["params"]]


def settings_of(group: dict[str, Any]) -> dict[str, Any]:
    """Return what a group of parameters is trained with."""
    plain = {key: value for key, value in group.items() if key not in {"params", "param_names"}}
    return {key: value if _is_plain(value) else repr(value)[:80] for key, value in plain.items()}


def _is_plain(value: object) -> bool:
    """Tell whether JSON has a value: it has no infinite number."""
    return isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))


def trains_all(module: Any) -> bool:
    """Tell whether the first parameter of a module is trained: what is fine-tuned begins with what is not."""
    first = next(iter(module.parameters()), None)
    return first is not None and bool(first.requires_grad)


def rates_of(optimizer: Any) -> tuple[float, ...]:
    """Return the learning rates of the groups that have one; one that lies on another device is not read."""
    rates = []
    for group in optimizer.param_groups:
        rate = group.get("lr")
        if type(rate) is float:
            rates.append(rate)
        elif rate is not None and getattr(rate, "is_cpu", True):
            rates.append(float(rate))
    return tuple(rates)


def read_after(optimizer: Any, reading: Reading) -> dict[str, Any]:
    """Return digests of parameters, of what the optimizer remembers and of gradients, and the norm of these.

    They are read after the step, since an optimizer may be handed the code that makes the gradients, as a closure.
    Those of what lies on a device are functions, until it has come.
    """
    parameters = parameters_of(optimizer)
    kept: list[Any] = []
    for each in parameters:
        if state := optimizer.state.get(each):
            kept += map(state.get, _in_order(tuple(state)))
    gradients = [each.grad for each in parameters if each.grad is not None]
    found = read_tensors({"parameters": parameters, "state": kept, "gradients": gradients}, reading)
    norm = norm_of(gradients, reading)
    return found if norm is None else {**found, "gradient_norm": norm}


@functools.lru_cache(maxsize=64)
def _in_order(names: tuple[Any, ...]) -> list[Any]:
    return sorted(names, key=str)


def read_tensors(named: dict[str, list[Any]], reading: Reading) -> dict[str, str | Later[str]]:
    """Return the digests of several tensors by name, or what gives them once they have come."""
    try:
        found = {name: digest_of_all(each, reading) for name, each in named.items()}
        reading.compute()
    except RuntimeError:  # a device lacks an operation, or memory for it: all is copied, which waits
        return {name: digest_of_all(each) for name, each in named.items()}
    return found


def digest_of_all(values: list[Any], reading: Reading | None = None) -> str | Later[str]:
    """Return the digest of several tensors and numbers; with a reading, what gives it once that has come."""
    from envprint.models.digest import digest_later, digest_tensor
    from envprint.models.values import Digests

    digests = Digests()
    plain = sys.modules["torch"].Tensor, sys.modules["torch"].nn.Parameter
    told: list[str | Later[str]] = []
    for each in values:
        if type(each) not in plain:
            told.append(digests.later(each, reading))
        elif reading is None or each.is_cpu:
            told.append(digest_tensor(each))
        else:
            told.append(digest_later(each, reading, stays=True))
    return _nested(told) if all(isinstance(each, str) for each in told) else lambda: _nested(told)


def _nested(told: list[str | Later[str]]) -> str:
    import xxhash

    words = " ".join(each if isinstance(each, str) else each() for each in told)
    return f"xxh3-128-nested:{xxhash.xxh3_128_hexdigest(words.encode())}"


def norm_of(gradients: list[Any], reading: Reading | None = None) -> str | Later[str] | None:
    """Return the norm of all gradients, exactly, or what gives it once it has come; None where there are none."""
    torch = sys.modules["torch"]
    dense = [each.detach() if each.requires_grad else each for each in gradients if not each.is_sparse]
    if not dense:
        return None
    device = dense[0].device
    wide = device if device.type != "mps" else "cpu"  # Apple's devices have no numbers of 64 bits
    if {(each.device, each.dtype) for each in dense} == {(device, torch.float32)}:
        norms = torch.stack(torch._foreach_norm(dense)).to(wide)  # noqa: SLF001 - as torch.nn.utils does
    else:
        each_by_itself = (
            torch.linalg.vector_norm(each, dtype=torch.promote_types(each.dtype, torch.float32)) for each in dense
        )
        norms = torch.stack([each.to(wide).double() for each in each_by_itself])
    norm = torch.linalg.vector_norm(norms, dtype=torch.float64)
    if reading is None or norm.is_cpu:
        return float(norm).hex()
    come = reading.fetch(norm)
    return lambda: float(come()).hex()


def owner_of(parameters: list[Any]) -> Any:
    """Return the outermost module that has these parameters, None where none has."""
    wanted = {id(each) for each in parameters}
    owners = [module for module in modules() if wanted & {id(each) for each in module.parameters()}]
    inner = {id(child) for module in owners for child in module.children()}
    outer = [module for module in owners if id(module) not in inner]
    return max(outer, key=lambda module: sum(1 for _ in module.modules()), default=None)


def objects_of(kind: type) -> list[Any]:
    """Return the objects of a class and its subclasses, as far as garbage collection knows them.

    A list of all objects is held for as short as can be, and by no generator, which would be one of them: a tuple that
    Python is still making cannot be made longer as long as anybody else knows it (_PyTuple_Resize: SystemError).
    """
    kinds = _with_subclasses(kind)
    objects = gc.get_objects()  # of hundreds of thousands each is looked at once: memory is what this waits for
    return list(compress(objects, map(kinds.__contains__, map(type, objects))))


def _with_subclasses(kind: type) -> set[type]:
    kinds, following = {kind}, [kind]
    while following:
        new: set[type] = set(type.__subclasses__(following.pop())) - kinds
        kinds |= new
        following += new
    return kinds


def modules() -> list[Any]:
    """Return the modules of this process."""
    torch = sys.modules.get("torch")
    kind: Any = getattr(getattr(torch, "nn", None), "Module", None)
    return [] if kind is None else objects_of(kind)
