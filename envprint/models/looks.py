"""What the numbers of a parameter look like: drawn as a layer draws them, constant, or memory that nobody wrote.

A layer's uniform draw has a sharp edge: nearly all of the range up to 1/sqrt(fan_in) is met, and nothing lies beyond it
(torch.nn.init.kaiming_uniform_ with a=sqrt(5), https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/linear.py).
A few steps of an optimizer push some weights over it.
"""

import math
from typing import Any, Literal, TypeAlias

Looks: TypeAlias = Literal["fresh", "constant", "uninitialised"]

ENOUGH = 16  # numbers from which on a range tells something
BEYOND = 1 + 1e-6  # rounding of the bound itself
NONSENSE = 1e8  # weights of a model that works are far smaller
TINY = 1e-30  # and not all of them so near to zero
NORMALS = (1.0, 0.02)  # standard deviations of torch.nn.Embedding, and of transformers' initializer_range
SAMPLED = 1 << 16
ERRORS = 4.0  # standard errors that a sample's deviation may be off


def looks_of(tensor: Any, owner: Any, name: str, torch: Any) -> Looks | None:
    """Return what a floating parameter looks like, None where nothing tells; `owner` is the module that has it."""
    if not tensor.is_floating_point() or not tensor.numel() or tensor.element_size() < 2:  # noqa: PLR2004 - no float8
        return None
    low, high = (each.item() for each in torch.aminmax(tensor.detach()))
    largest = max(abs(low), abs(high))
    if not math.isfinite(largest) or largest > NONSENSE or 0 < largest < TINY:
        return "uninitialised"
    if low == high:
        return "constant"
    if tensor.numel() < ENOUGH:
        return None
    return "fresh" if _fills_its_range(largest, tensor, owner, name) or _is_normal(tensor, owner, torch) else None


def _fills_its_range(largest: float, tensor: Any, owner: Any, name: str) -> bool:
    """Tell whether the largest number is where that of so many uniform draws is: within the bound, and near to it."""
    room = 10.0 / tensor.numel()  # the largest of n draws is below 1 - 10/n in one of 22 000 cases
    return any(bound * (1 - room) <= largest <= bound * BEYOND for bound in _bounds(tensor, owner, name))


def _bounds(tensor: Any, owner: Any, name: str) -> list[float]:
    """Return the bounds of the draws that torch's layers make, for this tensor."""
    hidden = getattr(owner, "hidden_size", None)
    if isinstance(hidden, int) and hidden > 0 and hasattr(owner, "_flat_weights"):  # torch.nn.RNNBase
        return [1 / math.sqrt(hidden)]
    # not owner.weight: of a parametrised module, that computes it, and may draw or write
    weight: Any = tensor if tensor.dim() > 1 else getattr(owner, "_parameters", {}).get("weight")
    if name.rpartition(".")[2] not in {"weight", "bias", "in_proj_weight"} or not hasattr(weight, "dim"):
        return []
    if weight.dim() < 2:  # noqa: PLR2004 - a norm's weight has no fan
        return []
    inside = math.prod(weight.shape[2:])
    fans = weight.shape[1] * inside, weight.shape[0] * inside
    return [1 / math.sqrt(fans[0]), math.sqrt(6 / sum(fans))]  # of Linear and convolutions; of Xavier


def _is_normal(tensor: Any, owner: Any, torch: Any) -> bool:
    """Tell whether the numbers scatter as a normal draw of the deviations that libraries use."""
    config = getattr(owner, "config", None)
    wanted = (*NORMALS, getattr(config, "initializer_range", NORMALS[1]))
    sample = tensor.detach().reshape(-1)[:SAMPLED].to(torch.float64)
    deviation, error = sample.std().item(), ERRORS / math.sqrt(2 * sample.numel())
    mean = abs(sample.mean().item()) / max(deviation, TINY) * math.sqrt(sample.numel())
    return mean < ERRORS and any(
        isinstance(each, float) and each > 0 and abs(deviation / each - 1) < error for each in wanted
    )
