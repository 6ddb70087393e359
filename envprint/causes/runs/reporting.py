"""A report of two recorded runs, on top of that of their environments."""

from collections.abc import Callable, Iterator

from envprint.causes.models.observed import Observed
from envprint.causes.runs.alignment import Alignment, align
from envprint.causes.runs.around import divergence_of
from envprint.causes.runs.gaps import is_rounding
from envprint.causes.runs.later import see_later, without
from envprint.causes.runs.nonetheless import report_alike
from envprint.causes.runs.pair import Pair
from envprint.causes.runs.parting import RESULTS, find_parting
from envprint.causes.runs.ranking import rank, settle
from envprint.causes.runs.seen_batches import see_batches
from envprint.causes.runs.seen_code import see_code
from envprint.causes.runs.seen_early_draws import see_early_draws
from envprint.causes.runs.seen_forwards import see_autocast, see_compiled, see_losses
from envprint.causes.runs.seen_generators import see_generators
from envprint.causes.runs.seen_loaders import see_data, see_files, see_loaders
from envprint.causes.runs.seen_models import see_initial, see_mode, see_models, see_types
from envprint.causes.runs.seen_resuming import see_resuming
from envprint.causes.runs.seen_scales import see_scales
from envprint.causes.runs.seen_seeds import see_late_seeds, see_reseeding, see_seeds, see_shift
from envprint.causes.runs.seen_steps import (
    see_clipping,
    see_kept_gradients,
    see_optimizer,
    see_rates,
)
from envprint.causes.runs.seen_workers import see_workers
from envprint.causes.runs.summary import summarise
from envprint.manifest.ledger import Run
from envprint.report import ModuleParting, Report

RULES: tuple[Callable[[Pair], Iterator[Observed]], ...] = (
    see_types,
    see_late_seeds,
    see_seeds,
    see_early_draws,
    see_generators,
    see_resuming,
    see_loaders,
    see_workers,
    see_files,
    see_scales,
    see_reseeding,
    see_mode,
    see_models,
    see_losses,
    see_autocast,
    see_compiled,
    see_clipping,
    see_kept_gradients,
    see_optimizer,
    see_rates,
    see_shift,
    see_data,
    see_batches,
    see_initial,
    see_code,
)


def report_runs(a: Run, b: Run, environments: Report) -> Report:
    """Return when two runs parted, where and why, before how their environments differ."""
    aligned = align(a, b)
    parting = find_parting(a, b, aligned)
    if parting is None:
        return report_alike(a, b, aligned, environments)
    changes = {each.path: each for each in environments.changes}
    pair = Pair(a, b, aligned, parting, changes, frozenset(each.cause for each in environments.hazards))
    rounding = is_rounding(aligned, parting, _drift(environments)) and not _is_more(pair.module)
    seen = settle(each for rule in RULES for each in rule(pair))
    later = see_later(pair, seen)
    computed = parting.component in RESULTS
    findings, dismissed = rank(without(seen, later), environments.findings, later, rounding=rounding, computed=computed)
    return environments.model_copy(
        update={
            "verdict": "divergent",
            "summary": summarise(pair, findings, rounding=rounding),
            "notes": (*environments.notes, *_notes(aligned)),
            "first_divergence": divergence_of(aligned, parting, pair.module),
            "findings": findings,
            "dismissed": (*dismissed, *environments.dismissed),
        }
    )


def _is_more(module: ModuleParting | None) -> bool:
    """Tell whether a module makes more of equal inputs than rounding does, however little that is in the loss."""
    return module is not None and module.direction == "forward" and module.rounding is False


def _drift(environments: Report) -> float:
    """Return how far the kernels of both places are apart, 0 where no probe tells."""
    kernels = environments.drift.kernels if environments.drift else ()
    return max((each.relative for each in kernels if each.relative), default=0.0)


def _notes(aligned: Alignment) -> Iterator[str]:
    if aligned.begins:
        yield (
            f"{aligned.resumed} begins with the weights that step {aligned.begins} of the other run left; "
            f"its first step is counted as step {aligned.begins + 1}"
        )
