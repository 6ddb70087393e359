"""What a report shows of where runs part: both sides, and the losses of the steps around it."""

from envprint.causes.runs.alignment import Alignment
from envprint.causes.runs.parting import Parting
from envprint.manifest.ledger import Step
from envprint.report import Divergence, Losses, ModuleParting

BEFORE, FROM = 2, 4


def divergence_of(aligned: Alignment, parting: Parting, module: ModuleParting | None = None) -> Divergence:
    """Return a parting as a report has it."""
    steps = aligned.common
    ahead = [step for step in steps if step < parting.step][-BEFORE:]
    behind = [step for step in steps if step >= parting.step][:FROM]
    if parting.acts not in behind and parting.acts in steps:
        behind = [*behind[: FROM - 1], parting.acts]
    losses = tuple(
        Losses(step=step, a=_loss(aligned.a.get(step)), b=_loss(aligned.b.get(step))) for step in (*ahead, *behind)
    )
    known = losses if any(each.a or each.b for each in losses) else ()
    return Divergence(
        step=parting.step, component=parting.component, a=parting.a, b=parting.b, losses=known, module=module
    )


def _loss(step: Step | None) -> str | None:
    return None if step is None or step.loss is None else f"{float.fromhex(step.loss):.9g}"
