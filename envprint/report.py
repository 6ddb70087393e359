"""What a comparison says: changes, findings, drift, hazards, and a verdict; and what is said of one manifest alone."""

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = "envprint/report/1"
CHECKUP_SCHEMA = "envprint/checkup/1"

Verdict: TypeAlias = Literal["identical", "equivalent", "divergent", "undecidable"]
Bearing: TypeAlias = Literal["numeric", "none", "circumstance"]
SideName: TypeAlias = Literal["a", "b"]
Status: TypeAlias = Literal["confirmed", "supported", "possible"]
Severity: TypeAlias = Literal["high", "medium", "low"]


class Record(BaseModel):
    """A frozen part of a report."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)


class Change(Record):
    """One path whose value differs, or is unknown on one side; `why` says what the bearing rests on."""

    path: str
    kind: Literal["changed", "appeared", "vanished", "unknown"]
    a: Any = None
    b: Any = None
    bearing: Bearing = "numeric"
    decisive: bool = False
    why: str = ""


class Finding(Record):
    """A cause that the evidence speaks for; `confidence` is the probability that it acts here.

    `moved` are the kernels that it accounts for, `stayed` the layers it does not reach, of which none moved. `wrong`:
    a known bug, whose effect is no drift but a wrong result.
    """

    cause: str
    title: str
    status: Status
    confidence: float = Field(ge=0, le=1)
    effect: str
    expected: str | None = None
    measured: str | None = None
    changes: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    stayed: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    wrong: bool = False
    why: str = ""
    fix: str = ""
    cost: str = ""
    see: tuple[str, ...] = ()


class Hazard(Record):
    """What makes equal environments differ (`run`), another place (`place`), outputs repeat, or is `wrong` by itself.

    `likelihood` is the probability that it does so where `facts` hold, `sides` where they do.
    """

    cause: str
    title: str
    makes: Literal["run", "place", "repeat", "wrong"]
    severity: Severity
    likelihood: float = Field(ge=0, le=1)
    effect: str
    expected: str | None = None
    sides: tuple[SideName, ...] = ()
    facts: dict[str, Any] = Field(default_factory=dict)
    wrong: bool = False
    why: str = ""
    fix: str = ""
    cost: str = ""
    see: tuple[str, ...] = ()


class Dismissed(Record):
    """A difference, or a cause, that was ruled out, and how."""

    cause: str
    reason: str


class SideGap(Record):
    """A gap of one of the two manifests."""

    side: SideName
    path: str
    kind: Literal["absent", "failed"]
    reason: str


class Side(Record):
    """Which manifest stands on a side: its id, and what the caller calls it."""

    id: str
    name: str = ""


class Losses(Record):
    """The losses of one step of two recorded runs, as texts; None where one is not known."""

    step: int
    a: str | None = None
    b: str | None = None


class ModuleParting(Record):
    """The first module at which two runs part within a step, by its name, the model's own is empty.

    In the `forward` pass it is the first that returns something else, and `same_inputs` tells whether it was given the
    same. Where all is the same there, `backward`: it is given the same gradient, and passes another one back, `to` a
    module before it, or to its own weights (`of`); without `same_inputs` it is given another one itself. `relative` is
    how far apart that is, about: the norm of the difference over the norm; `rounding` whether rounding alone makes so
    much of one module; None where that is not known. `only`: just one side has it.
    """

    module: str
    direction: Literal["forward", "backward"] = Field(alias="pass")
    same_inputs: bool | None = None
    of: Literal["output", "weights"] = "output"
    to: str | None = None
    relative: float | None = None
    rounding: bool | None = None
    only: SideName | None = None


class Divergence(Record):
    """The first place where two recorded runs part; `losses` are those of the kept steps around it.

    `module` is the first one that parts there, where both runs were recorded with their modules.
    """

    step: int
    component: str
    a: str
    b: str
    losses: tuple[Losses, ...] = ()
    module: ModuleParting | None = None


class KernelDrift(Record):
    """How far two machines are apart in one probe; `path` is its device and name.

    `identical`: every output bit is the same. `moved`: of the `sampled` outputs that both keep, `differing` differ, by
    at most `max_ulp` units in the last place (None where NaN stands against a number), and by `relative`, the largest
    difference over the largest sample (None too where infinity stands against a number); where no sample differs, an
    output beside them does, and how much is not known. `unknown`: `reason` says why, and `lacking` on which sides there
    is nothing; `missing` where nothing failed, and it was just not run in this version on both sides.
    `with_one_thread` says whether both are the `same` once one of them, or each, runs with one thread.
    """

    path: str
    device: str
    layers: tuple[str, ...] = ()
    dtype: str = ""
    state: Literal["identical", "moved", "unknown"]
    reason: str = ""
    missing: bool = False
    lacking: tuple[SideName, ...] = ()
    differing: int | None = None
    sampled: int | None = None
    max_ulp: int | None = None
    relative: float | None = None
    with_one_thread: Literal["same", "differs"] | None = None
    accuracy: dict[SideName, Literal["reduced", "wrong"]] = Field(default_factory=dict)
    error_ulp: dict[SideName, float] = Field(default_factory=dict)
    outputs: dict[SideName, int] = Field(default_factory=dict)


class LayerDrift(Record):
    """How many of the kernels that feel a layer moved, of those compared; `relative` is the median of how far."""

    moved: int = 0
    compared: int = 0
    unknown: int = 0
    relative: float | None = None


class OrderDrift(Record):
    """A kernel that adds in another order on each side, in words; `trees` has both orders where they are short."""

    path: str
    a: str
    b: str
    trees: dict[SideName, str] = Field(default_factory=dict)


class Drift(Record):
    """What the probes of both sides say: kernels by device, layers, and orders of addition that differ."""

    kernels: tuple[KernelDrift, ...] = ()
    layers: dict[str, LayerDrift] = Field(default_factory=dict)
    orders: tuple[OrderDrift, ...] = ()


class TensorDrift(Record):
    """A tensor of which the two models do not have the same; `other` is its name in b, where that is another.

    `recast`: the same numbers, rounded to another type; `negated`, `permuted`, `transposed`: the same numbers with the
    other sign, in another order, with axes exchanged. `differs`: of `count` numbers `differing` differ, by at most
    `max_ulp` units in the last place, and by `relative`, the largest difference over the largest number; None where
    that is not known, or NaN stands against a number. `missing`: only a has it; `unexpected`: only b has it; `unknown`:
    `detail` says why. `looks` tells what the numbers look like: `fresh` as a layer draws them, `uninitialised`.
    """

    name: str
    other: str = ""
    kind: Literal["parameter", "buffer"]
    state: Literal["recast", "negated", "permuted", "transposed", "differs", "missing", "unexpected", "unknown"]
    detail: str = ""
    differing: int | None = None
    count: int | None = None
    max_ulp: int | None = None
    relative: float | None = None
    dtype: dict[SideName, str] = Field(default_factory=dict)
    shape: dict[SideName, tuple[int, ...]] = Field(default_factory=dict)
    looks: dict[SideName, str] = Field(default_factory=dict)


class Parting(Record):
    """The first module whose outputs part in a forward pass, in the models' own modes or both in evaluation mode.

    `same_inputs` and `same_weights` tell whether what goes into it, and all tensors in it, were equal bit for bit;
    `relative` is how far the samples of its output are apart. Without a module only the outputs of the whole part.
    """

    mode: Literal["own", "eval"]
    module: str
    type: str = ""
    same_inputs: bool | None = None
    same_weights: bool | None = None
    relative: float | None = None


class ModelDrift(Record):
    """How two models differ: `tensors` are those that are not identical, of `compared`; `renaming` says how names do.

    `outputs` tells by mode whether a forward pass with equal inputs gave the same bits; `partings` where it did not.
    """

    tensors: tuple[TensorDrift, ...] = ()
    identical: int = 0
    compared: int = 0
    renaming: str = ""
    outputs: dict[Literal["own", "eval"], Literal["same", "differ"]] = Field(default_factory=dict)
    partings: tuple[Parting, ...] = ()


class Report(Record):
    """The outcome of a comparison; the first finding is the answer.

    `notes` say what the comparison left out; `unexplained` are the kernels that moved and that no finding accounts for;
    `hazards` are what can part even equal sides.
    """

    schema_: str = Field(default=SCHEMA, alias="schema")
    verdict: Verdict
    summary: str
    notes: tuple[str, ...] = ()
    sides: dict[SideName, Side]
    first_divergence: Divergence | None = None
    findings: tuple[Finding, ...] = ()
    dismissed: tuple[Dismissed, ...] = ()
    unexplained: tuple[str, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    drift: Drift | None = None
    models: ModelDrift | None = None
    changes: tuple[Change, ...] = ()
    gaps: tuple[SideGap, ...] = ()


class Checkup(Record):
    """What is said of one manifest alone: the hazards in it, the gravest first."""

    schema_: str = Field(default=CHECKUP_SCHEMA, alias="schema")
    side: Side
    summary: str
    hazards: tuple[Hazard, ...] = ()
    unread: tuple[str, ...] = ()
