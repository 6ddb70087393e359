"""What a comparison says: changes, findings, and a verdict."""

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = "envprint/report/1"

Verdict: TypeAlias = Literal["identical", "equivalent", "divergent", "undecidable"]
Bearing: TypeAlias = Literal["numeric", "none", "circumstance"]


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
    """A cause that the evidence speaks for."""

    cause: str
    title: str
    status: Literal["confirmed", "supported", "possible"]
    confidence: float = Field(ge=0, le=1)
    effect: str
    expected: str | None = None
    measured: str | None = None
    changes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
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

    side: Literal["a", "b"]
    path: str
    kind: Literal["absent", "failed"]
    reason: str


class Side(Record):
    """Which manifest stands on a side: its id, and what the caller calls it."""

    id: str
    name: str = ""


class Divergence(Record):
    """The first place where two recorded runs part."""

    step: int
    component: str
    a: str
    b: str


class Report(Record):
    """The outcome of a comparison; the first finding is the answer."""

    schema_: str = Field(default=SCHEMA, alias="schema")
    verdict: Verdict
    summary: str
    sides: dict[Literal["a", "b"], Side]
    first_divergence: Divergence | None = None
    findings: tuple[Finding, ...] = ()
    dismissed: tuple[Dismissed, ...] = ()
    changes: tuple[Change, ...] = ()
    gaps: tuple[SideGap, ...] = ()
