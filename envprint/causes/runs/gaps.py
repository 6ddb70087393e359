"""How far the losses of two runs are apart, where they part and behind it: as far as rounding takes them, or more."""

import math

from envprint.causes.runs.alignment import Alignment
from envprint.causes.runs.parting import RESULTS, Parting

ROUNDING = 1e-4  # relative; what rounding in float32 alone makes of a loss within a few steps
ROUNDED_NORM = 1e-3  # a norm sums many gradients, some of which nearly cancel
GROWS = 100.0  # times that the drift of one kernel may have grown in a loss
SOON = 3  # steps behind the parting in which the losses tell how far it took them
COMPUTED = ("loss", "gradients", "parameters", "state")


def loss_gap(aligned: Alignment, step: int) -> float | None:
    """Return how far the losses of a step are apart, relative to the larger; None where one is not known."""
    return _gap(aligned, step, "loss")


def _gap(aligned: Alignment, step: int, field: str) -> float | None:
    texts = [text for side in (aligned.a, aligned.b) if (text := getattr(side.get(step), field, None)) is not None]
    if len(texts) < 2:  # noqa: PLR2004 - one of each side
        return None
    one, other = (float.fromhex(text) for text in texts)
    if not math.isfinite(one) or not math.isfinite(other):
        return 0.0 if texts[0] == texts[1] else math.inf
    largest = max(abs(one), abs(other))
    return abs(one - other) / largest if largest else 0.0


def first_gap(aligned: Alignment, parting: Parting) -> float | None:
    """Return the first distance of losses from the parting on, 0 where they stay together, None where none is known."""
    behind = [step for step in aligned.common if step >= parting.acts][: SOON + 1]
    gaps = [gap for step in behind if (gap := loss_gap(aligned, step)) is not None]
    return next((gap for gap in gaps if gap), 0.0) if gaps else None


def is_rounding(aligned: Alignment, parting: Parting, drift: float = 0.0) -> bool:
    """Tell whether all that went into a step is the same, and what came out is apart by no more than rounding.

    `drift` is how far the kernels of the two places are known to be apart, 0 where no probe tells.
    """
    if parting.component not in COMPUTED or parting.component not in RESULTS:
        return False
    most = max(ROUNDING, GROWS * drift)
    norms = _gap(aligned, parting.acts, "gradient_norm")
    if parting.component != "loss" and norms is not None and norms > max(ROUNDED_NORM, most):
        return False
    gap = first_gap(aligned, parting)
    return gap is not None and gap <= most


def growth(aligned: Alignment, parting: Parting) -> tuple[int, float] | None:
    """Return the last step that both runs have, and how far the losses are apart there."""
    known = [step for step in aligned.common if step > parting.acts and loss_gap(aligned, step) is not None]
    gap = loss_gap(aligned, known[-1]) if known else None
    return (known[-1], gap) if gap is not None else None
