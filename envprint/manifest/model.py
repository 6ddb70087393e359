"""The section about one model: its tensors, what no state_dict holds of its modules, and what a forward pass gave."""

from typing import Any, Literal

from pydantic import Field

from envprint.manifest.section import Integers, Section, Strings


class Tensor(Section):
    """A parameter or buffer.

    `digest` is of type, shape and all numbers; `samples` are up to 16 of them at fixed places, as raw little-endian
    bits in base64. `layout` is there where the numbers do not lie row by row, `tied_to` names the first tensor that has
    the same memory. `looks` tells what the samples look like: `fresh` as a layer draws its weights, `constant` as it
    sets them, or `uninitialised`, memory that nobody wrote.
    """

    kind: Literal["parameter", "buffer"]
    dtype: str
    shape: Integers
    digest: str | None = None
    samples: str | None = None
    device: str | None = None
    trainable: bool | None = None
    persistent: bool | None = None
    layout: str | None = None
    tied_to: str | None = None
    looks: Literal["fresh", "constant", "uninitialised"] | None = None


class Module(Section):
    """A module: its class, its mode, its plain attributes, which no state_dict holds, and the names of its hooks."""

    type: str
    training: bool | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)
    hooks: Strings | None = None


class Call(Section):
    """One call of a module in a forward pass: digests of what went in and came out; whether it drew random numbers.

    `samples` are of the first tensor of the output, of type `dtype`.
    """

    module: str
    inputs: str
    outputs: str
    dtype: str | None = None
    samples: str | None = None
    draws: bool = False


class Pass(Section):
    """One forward pass: the calls in the order in which they ended, and the buffers and attributes that it changed."""

    inputs: str
    outputs: str
    calls: tuple[Call, ...] = Field(default=(), strict=False)
    changed: Strings = ()


class Optimizer(Section):
    """An optimizer: its class, the settings of each group, and by parameter the digest of what it remembers."""

    type: str
    groups: tuple[dict[str, Any], ...] = Field(default=(), strict=False)
    state: dict[str, dict[str, str]] = Field(default_factory=dict)
    steps: int | None = None


class Model(Section):
    """One model.

    `passes` are those in its `own` mode and in `eval` mode, with `inputs` that were given or made. `unread` has the
    reason of each part that could not be described.
    """

    type: str
    compiled: bool | None = None
    modules: dict[str, Module] = Field(default_factory=dict)
    tensors: dict[str, Tensor] = Field(default_factory=dict)
    optimizer: Optimizer | None = None
    inputs: Literal["given", "made"] | None = None
    passes: dict[str, Pass] = Field(default_factory=dict)
    unread: dict[str, str] = Field(default_factory=dict)
