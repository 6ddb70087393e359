"""What is told of an optimizer: its settings by group, and by parameter the digest of what it remembers."""

from typing import Any

from envprint.manifest.model import Optimizer
from envprint.models.attributes import named, plain_value
from envprint.models.digest import digest_tensor


def describe_optimizer(optimizer: Any, model: Any) -> Optimizer:
    """Return what an optimizer is set to and remembers; its parameters go by the names that the model has for them."""
    names = {id(each): name for name, each in model.named_parameters()}
    groups = tuple(
        {key: _setting(value) for key, value in sorted(group.items()) if key not in {"params", "param_names"}}
        for group in optimizer.param_groups
    )
    state: dict[str, dict[str, str]] = {}
    steps = []
    order = [each for group in optimizer.param_groups for each in group["params"]]
    for number, parameter in enumerate(order):
        kept = optimizer.state.get(parameter) or {}
        if kept:
            state[names.get(id(parameter), f"parameter {number}")] = {
                str(key): str(plain_value(value, digest_tensor)) for key, value in sorted(kept.items())
            }
            steps.append(int(kept.get("step", 0)))
    return Optimizer(type=named(type(optimizer)), groups=groups, state=state, steps=max(steps, default=None))


def _setting(value: Any) -> Any:
    """Return a setting as a number where it is one: a learning rate may be a tensor."""
    is_number = hasattr(value, "item") and value.numel() == 1
    return plain_value(value.item() if is_number else value, digest_tensor)
