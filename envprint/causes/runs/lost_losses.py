"""What one run shows of a loss that is no number any more: from which step on, and what was so up to there."""

import math

from envprint.manifest.ledger import Event, Run, Step, rate_of

OFF = "enabled=False"
LOST = ("nan", "inf", "-inf")
# backward() is called of a loss that is scaled
SCALED = "with a GradScaler: these losses are scaled, and only gradients are expected to be infinite now and then"


def lost_loss(run: Run) -> tuple[str, dict[str, str]] | None:
    """Return from when on a loss is not finite, and the facts around it; None where none is known to be."""
    told = [step for step in run.ledger if step.loss is not None]
    place = next((place for place, step in enumerate(told) if not is_finite(step.loss)), len(told))
    before, lost = (told[place - 1] if place else None), told[place:]
    left = next((each for each in run.events if each.name == "lost" and each.value in LOST), None)
    if lost:
        until, number = lost[0].step, lost[0].loss
        since, said = _since(before, lost[0]), f"{_named(number)} at step {until}, {_behind(lost)}"
    elif left is not None:
        until, number = left.step + 1, left.value
        since = f"behind step {left.step}, and no step came of it"
        said = f"{_named(number)} as the run ended"
    else:
        return None
    facts = {
        "run.ledger.loss": f"{_last(before)}{said}",
        "run.ledger.gradient_norm": _norms(run, until),
        "run.ledger.rates": _rates(before or lost[0]) if before or lost else "",
        "run.events": _precision(run, until),
    }
    return f"The loss is {_named(number)} {since}", {name: each for name, each in facts.items() if each}


def is_finite(number: str | None) -> bool:
    """Tell whether a number of the ledger is one."""
    return number is not None and math.isfinite(float.fromhex(number))


def _named(number: str | None) -> str:
    """Return a number of the ledger as a person writes it."""
    value = math.nan if number is None else float.fromhex(number)
    return {"inf": "infinite", "-inf": "minus infinity", "nan": "NaN"}.get(str(value), f"{value:.6g}")


def _since(before: Step | None, lost: Step) -> str:
    """Return when a loss was lost: a step, or the steps of which only the last was kept."""
    first = before.step + 1 if before else 1
    return f"at step {lost.step}" if first == lost.step else f"from a step of {first} to {lost.step} on"


def _last(before: Step | None) -> str:
    return f"{_named(before.loss)} at step {before.step}, the last that is finite; " if before else ""


def _behind(lost: list[Step]) -> str:
    again = next((step for step in lost if is_finite(step.loss)), None)
    return f"finite again at step {again.step}" if again else f"not finite up to step {lost[-1].step}, the last kept"


def _norms(run: Run, lost: int) -> str:
    """Return the norm of the gradients at the last step at which it was finite, and at the first at which it is not."""
    norms = [step for step in run.ledger if step.gradient_norm is not None]
    first = next((step for step in norms if not is_finite(step.gradient_norm)), None)
    until = lost if first is None else min(first.step, lost)
    known = [step for step in norms if step.step < until and is_finite(step.gradient_norm)][-1:]
    known += [first] if first is not None and first.step <= lost else []
    return ", ".join(f"{_named(step.gradient_norm)} at step {step.step}" for step in known)


def _rates(step: Step) -> str:
    rates = ", ".join(dict.fromkeys(f"{rate_of(rate):.6g}" for rate in step.rates))
    return f"{rates} at step {step.step}" if rates else ""


def _precision(run: Run, lost: int) -> str:
    """Return whether autocast and a GradScaler were in use by then: what overflows most, and what looks for it."""
    autocast, scaler = (_on(run, name, lost) for name in ("autocast", "scaler"))
    said = f"autocast {autocast.value.replace(' enabled=True', '')}" if autocast else "without autocast"
    return f"{said}, {SCALED if scaler else 'without GradScaler'}"


def _on(run: Run, name: str, lost: int) -> Event | None:
    found = (each for each in run.events if each.name == name and each.step < lost)
    return next((each for each in found if OFF not in each.value), None)
