"""The first module at which two runs part, in words."""

from envprint.probes.wording import size_of
from envprint.report import ModuleParting

WHOLE = "the model as a whole"


def say_module(at: ModuleParting) -> str:
    """Return where in a step two runs part, by module, and how far: a sentence without its full stop."""
    name = at.module or WHOLE
    if at.direction == "forward":
        return f"{name}, forward: {_forward(at)}"
    return f"{name}, backward: {_backward(at)}"


def _forward(at: ModuleParting) -> str:
    if at.only is not None:
        return f"only {at.only} calls it"
    returned = f"what it returns is {_far(at)}"
    if at.same_inputs is None:
        return returned
    return f"its inputs agree, {returned}" if at.same_inputs else f"what it is given differs already, {returned}"


def _backward(at: ModuleParting) -> str:
    if at.of == "weights":
        return f"the gradient that reaches it agrees, that of its weights is {_far(at)}"
    if at.same_inputs:
        return f"the gradient that reaches it agrees, what it passes back to {at.to or WHOLE} is {_far(at)}"
    return f"the gradient that reaches it, from the loss, is {_far(at)}"


def _far(at: ModuleParting) -> str:
    if at.only is not None:
        return f"there in {at.only} only"
    if at.relative is None:
        return "another"
    kind = {True: ", as rounding makes it", False: ", more than rounding makes", None: ""}[at.rounding]
    return f"{size_of(at.relative)} relative apart{kind}"
