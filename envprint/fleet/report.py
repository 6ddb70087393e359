"""What is said of many manifests together."""

from typing import Any

from pydantic import Field

from envprint.report import Dismissed, Finding, Record, Verdict

SCHEMA = "envprint/fleet/1"


class Member(Record):
    """One manifest by its name; `reason` says why it is in no group, or what its place in one leaves open."""

    name: str
    id: str = ""
    reason: str = ""


class Unsettled(Record):
    """Members of a group that differ from its `usual` one in what no probe computes, and the causes that may act."""

    members: tuple[str, ...]
    usual: str
    findings: tuple[Finding, ...] = ()


class Group(Record):
    """Manifests whose kernels give the same bits; the first group is the largest.

    `moved` are the kernels that give other bits than those of the first group, by device and name, and how far they are
    apart, relative (None where that is not known). `against` is the number of the earlier group that agrees in most
    kernels; `example` and `nearest` are the two members of this and that group that differ in the fewest facts,
    `findings` the causes that this pair and all members of both leave, `dismissed` those that a member contradicts.
    `unsettled` are members whose environment differs in what the probes do not compute.
    `suspect`: no fact that bears on results differs, so the machine itself may be at fault.
    """

    number: int
    members: tuple[str, ...]
    example: str
    against: int | None = None
    nearest: str = ""
    compared: int = 0
    moved: dict[str, float | None] = Field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    dismissed: tuple[Dismissed, ...] = ()
    unsettled: tuple[Unsettled, ...] = ()
    suspect: bool = False


class Turned(Record):
    """A machine that computed other bits than before in some `kernels`; a `suspect` where none of its facts changed."""

    name: str
    kernels: tuple[str, ...]
    suspect: bool


class Separating(Record):
    """A fact that helps to tell the groups apart: its values by the number of the group, and the cause it stands for.

    `alike` are facts that divide the manifests in the very same way.
    """

    path: str
    cause: str
    values: dict[str, tuple[Any, ...]]
    alike: tuple[str, ...] = ()


class FleetReport(Record):
    """How many manifests differ: groups that compute the same bits, and the smallest set of facts that explains them.

    `facts` together tell the group of each manifest if `sufficient`; `confidence` is that of the least sure cause of
    them. `turned` are machines that were watched, and changed. `apart` are manifests that are in no group, or in one as
    far as was measured.
    """

    schema_: str = Field(default=SCHEMA, alias="schema")
    verdict: Verdict
    summary: str
    size: int
    kernels: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    facts: tuple[Separating, ...] = ()
    sufficient: bool = False
    confidence: float | None = None
    turned: tuple[Turned, ...] = ()
    apart: tuple[Member, ...] = ()
    notes: tuple[str, ...] = ()
