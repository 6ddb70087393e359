"""Layers of a network: normalisations, softmax, losses, attention, recurrence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from envprint.manifest.gaps import Absent
from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run


def normalisation(
    function: Callable[..., Any], shape: tuple[int, ...], channels: int, *, backward: bool = False
) -> Build:
    """Return a build of `function(torch, values, weight, bias)`, or of its gradients."""

    def build(torch: Any, x: Inputs) -> Run:
        values, weight, bias = x.uniform("values", *shape, scale=1), x.uniform("w", channels), x.uniform("b", channels)
        if not backward:
            return lambda: function(torch, values, weight, bias)
        inputs = tuple(each.requires_grad_(True) for each in (values, weight, bias))
        towards = x.uniform("towards", *shape)
        return lambda: torch.autograd.grad(function(torch, *inputs), inputs, towards)

    return build


def softmax(name: str, rows: int, length: int) -> Build:
    """Return a build of `torch.NAME` over rows."""

    def build(torch: Any, x: Inputs) -> Run:
        values = x.uniform("scores", rows, length, scale=3)
        function = getattr(torch, name)
        return lambda: function(values, dim=-1)

    return build


def cross_entropy(torch: Any, x: Inputs) -> Run:
    """Compute the loss of 64 rows over 1000 classes, and its gradient."""
    scores, labels = x.uniform("scores", 64, 1000, scale=3), x.integers("labels", 64, below=1000)
    scores.requires_grad_(True)

    def run() -> Any:
        loss = torch.nn.functional.cross_entropy(scores, labels)
        return loss, *torch.autograd.grad(loss, scores)

    return run


def attention(backend: str, *, backward: bool = False) -> Build:
    """Return a build of scaled dot product attention by one backend."""

    def build(torch: Any, x: Inputs) -> Run:
        query, key, value = (x.uniform(name, 2, 2, 72, 32, scale=1) for name in ("query", "key", "value"))
        inputs = tuple(each.requires_grad_(backward) for each in (query, key, value))
        towards = x.uniform("towards", *query.shape)

        def run() -> Any:
            with only(torch, "math" if x.exact else backend):
                output = _attend(torch, inputs)
                return torch.autograd.grad(output, inputs, towards) if backward else output

        return run

    return build


def _attend(torch: Any, inputs: tuple[Any, ...]) -> Any:
    try:
        return torch.nn.functional.scaled_dot_product_attention(*inputs)
    except RuntimeError as exc:
        if "No available kernel" in str(exc) or "No viable backend" in str(exc):  # sdp_utils.cpp, sdp_utils_cpp.cpp
            raise Absent("this backend has no kernel for such inputs here") from exc
        raise


@contextmanager
def only(torch: Any, backend: str) -> Iterator[None]:
    """Allow one backend of attention for a while; torch before 2.0 has none of these switches."""
    switches = torch.backends.cuda
    enabled = {
        "flash": (getattr(switches, "flash_sdp_enabled", None), getattr(switches, "enable_flash_sdp", None)),
        "mem_efficient": (
            getattr(switches, "mem_efficient_sdp_enabled", None), getattr(switches, "enable_mem_efficient_sdp", None)
        ),
        "math": (getattr(switches, "math_sdp_enabled", None), getattr(switches, "enable_math_sdp", None)),
        "cudnn": (getattr(switches, "cudnn_sdp_enabled", None), getattr(switches, "enable_cudnn_sdp", None)),
    }  # fmt: skip
    before = {name: (getter(), setter) for name, (getter, setter) in enabled.items() if getter and setter}
    if backend not in before:
        raise Absent(f"torch {torch.__version__} has no {backend} attention")
    try:
        for name, (_, setter) in before.items():
            setter(name == backend)
        yield
    finally:
        for was, setter in before.values():
            setter(was)


def lstm(torch: Any, x: Inputs) -> Run:
    """Run a sequence of 12 steps through one layer."""
    sequence, weights = x.uniform("sequence", 12, 4, 32), (x.uniform("w ih", 4 * 24, 32), x.uniform("w hh", 4 * 24, 24))
    biases = (x.uniform("b ih", 4 * 24), x.uniform("b hh", 4 * 24))
    start = (torch.zeros(1, 4, 24, dtype=x.floating, device=x.device),) * 2
    return lambda: torch.lstm(sequence, start, (*weights, *biases), True, 1, 0.0, False, False, False)
