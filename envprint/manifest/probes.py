"""The section about what this machine computes: the output bits of fixed small computations."""

from typing import Literal, TypeAlias

from pydantic import Field

from envprint.manifest.section import Section

Kind: TypeAlias = Literal["default", "full"]


class Probe(Section):
    """What one fixed computation gave.

    `digest` is of all output bits, little-endian; `samples` are up to 64 outputs at fixed places, as raw little-endian
    bits in base64, of the type `dtype`. `error_ulp` is the worst error of the samples against a reference of higher
    precision, in units in the last place, None where it is infinite. `accuracy` is there where rounding does not
    explain the error: only products of `reduced` precision do, or nothing does (`wrong`). `outputs` counts the
    different outputs of its repeats; `one_thread` is `same`, or the digest with one thread.
    """

    version: int
    dtype: str
    digest: str
    samples: str
    error_ulp: float | None = None
    accuracy: Literal["reduced", "wrong"] | None = None
    outputs: int | None = None
    one_thread: str | None = None


class Order(Section):
    """The order in which a kernel adds `terms` terms: a tree's digest, its canonical text, and words for it."""

    version: int
    terms: int
    digest: str
    tree: str
    words: str


class Probes(Section):
    """What was computed, by device and probe.

    A device is `cpu` or `cuda:0`, as the process has set it; or `cuda:0/reference`, with TF32 off and deterministic
    algorithms on. `kind` says which probes were asked for, `repeats` how often each ran on a device.
    """

    kind: Kind
    repeats: dict[str, int] = Field(default_factory=dict)
    kernels: dict[str, dict[str, Probe]] = Field(default_factory=dict)
    orders: dict[str, dict[str, Order]] = Field(default_factory=dict)
