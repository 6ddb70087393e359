"""Reports of made fleets, with one text wherever a file, a machine or a value could bring one."""

from envprint.fleet.report import FleetReport, Group, Member, Separating, Turned, Unsettled
from envprint.report import Dismissed, Finding


def full_fleet(text: str) -> FleetReport:
    finding = Finding(
        cause=text, title=text, status="supported", confidence=0.9, effect=text, changes=(text,), evidence=(text,),
        why=text, fix=text,
    )  # fmt: skip
    odd = Group(
        number=2, members=(text, "odd"), example=text, against=1, nearest=text, compared=3,
        moved={f"cpu.{text}": 1e-6, "cpu.sum": None}, findings=(finding,),
        dismissed=(Dismissed(cause=text, reason=text),),
        unsettled=(Unsettled(members=(text,), usual=text, findings=(finding,)),), suspect=True,
    )  # fmt: skip
    return FleetReport(
        verdict="divergent", summary=text, size=4, kernels=(f"cpu.{text}", "cpu.sum", "cpu.dot"),
        groups=(Group(number=1, members=("a", "b"), example="a", compared=3), odd),
        facts=(Separating(path=text, cause=text, values={"1": (text,), "2": (None, 3)}, alike=(text,)),),
        turned=(Turned(name=text, kernels=(text,), suspect=True),),
        apart=(Member(name=text, reason=text),), notes=(text,),
    )  # fmt: skip
