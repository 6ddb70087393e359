"""Which kernels both sides have to compare, and whether those are enough to rule a cause out."""

import functools
from collections.abc import Sequence

from envprint.causes.cause import Cause
from envprint.causes.suspects import Sides
from envprint.manifest.patterns import matches
from envprint.probes.layers import load_layers
from envprint.report import Drift, KernelDrift, OrderDrift

ORDERS = "order of "
# what adds, as the names of orders have it, by the layers that it feels on a CPU and on a GPU
ORDERED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "numpy": (("numpy", "thread pool"), ()),
    "sum": (("ATen", "thread pool"), ("CUDA",)),
    "conv": (("oneDNN", "BLAS", "thread pool"), ("cuDNN",)),
    "mat": (("BLAS", "oneDNN", "thread pool"), ("cuBLAS",)),
    "dot": (("BLAS", "thread pool"), ("cuBLAS",)),
}
ENOUGH = 0.8  # of the kernels that a cause reaches: where so many agree, it is without effect


def compared_kernels(drift: Drift | None) -> tuple[KernelDrift, ...]:
    """Return the kernels of which both sides have bits that repeat, and as moved those that add in another order."""
    if drift is None:
        return ()
    steady = (kernel for kernel in drift.kernels if all(count <= 1 for count in kernel.outputs.values()))
    return (*(kernel for kernel in steady if kernel.state != "unknown"), *map(_as_kernel, drift.orders))


def _as_kernel(order: OrderDrift) -> KernelDrift:
    device, _, name = order.path.partition(".")
    kind = next((kind for kind in ORDERED if kind in name), "")
    on_cpu, on_gpu = ORDERED.get(kind, ((), ()))
    layers = on_cpu if device == "cpu" else on_gpu
    return KernelDrift(path=f"{ORDERS}{order.path}", device=f"{ORDERS}{device}", layers=layers, state="moved")


def is_covered_by_probes(cause: Cause, compared: Sequence[KernelDrift], sides: Sides) -> bool:
    """Tell whether all that a cause surely moves was compared, and most of what it may move."""
    return were_compared(cause.moves, compared, sides, without=cause.stays, surely=cause.surely)


def were_compared(
    moves: tuple[str, ...],
    compared: Sequence[KernelDrift],
    sides: Sides,
    *,
    without: tuple[str, ...] = (),
    surely: tuple[str, ...] = (),
) -> bool:
    """Tell whether most kernels of these layers or patterns were compared, on each kind of device that is in use."""
    gpu = any(facts.get("effective.gpu") for _, facts in sides.named())
    reached = {kind: _named(moves, kind) - _named(without, kind) for kind in ("cpu", "gpu")}
    kinds = [kind for kind, names in reached.items() if names and (kind == "cpu" or gpu)]
    for kind in kinds:
        names = {name_of(kernel) for kernel in compared if _device_kind(kernel) == kind}
        if len(names & reached[kind]) < ENOUGH * len(reached[kind]) or not _named(surely, kind) <= names:
            return False
    return bool(kinds)


def _device_kind(kernel: KernelDrift) -> str:
    return "cpu" if kernel.device == "cpu" else "gpu"


@functools.lru_cache(maxsize=4096)
def _named(patterns: tuple[str, ...], kind: str) -> frozenset[str]:
    """Return the probes of a kind of device that layers or patterns name."""
    table = load_layers()[kind].items()
    return frozenset(name for name, felt in table for each in patterns if each in felt or matches(each, name))


def name_of(kernel: KernelDrift) -> str:
    """Return the name of the probe that a kernel is."""
    return kernel.path[len(kernel.device) + 1 :]
