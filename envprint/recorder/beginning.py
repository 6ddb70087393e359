"""What is read of a run once, at its first step: the optimizer, the model and its weights."""

import sys
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from envprint.recorder.stepping import Steps
from envprint.recorder.weights import digest_of_all, objects_of, owner_of, parameters_of, settings_of

Noting = Callable[[str], AbstractContextManager[None]]


def begin(optimizer: Any, steps: Steps, noting: Noting) -> dict[str, Any]:
    """Return what goes into the first step, and have the steps know the model that is trained."""
    facts: dict[str, Any] = {}
    model = steps.model
    if optimizer is not None:
        parameters = parameters_of(optimizer)
        model = owner_of(parameters)
        facts["optimizer"] = type(optimizer).__qualname__
        with noting("optimizer"):
            facts["groups"] = tuple(settings_of(group) for group in optimizer.param_groups)
            facts["restored"] = bool(optimizer.state)
    else:
        parameters = [] if model is None else list(model.parameters())
    with noting("initial"):
        facts["initial"] = digest_of_all(parameters)
    if model is not None:
        steps.owner = weakref.ref(model)
        with noting("model"):
            from envprint.models.describing import describe

            facts["model"] = describe(model, forward=False)
    return facts


def has_optimizer(model: Any) -> bool:
    """Tell whether this process has an optimizer of torch: for a model, where it is known which one is trained."""
    torch: Any = sys.modules["torch"]
    found = objects_of(torch.optim.Optimizer)
    if model is None:
        return bool(found)
    wanted = {id(each) for each in model.parameters()}
    return any(wanted & {id(each) for each in parameters_of(optimizer)} for optimizer in found)
