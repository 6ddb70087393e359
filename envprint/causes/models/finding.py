"""From two models to findings: rules see causes, forward passes tell which of them act, and the first is the answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from envprint.causes.findings import band_of
from envprint.causes.loading import causes_by_id
from envprint.causes.models.aliasing import see_alias
from envprint.causes.models.architecture import see_architecture
from envprint.causes.models.averages import see_averages
from envprint.causes.models.conversion import see_conversion
from envprint.causes.models.drawn import see_drawn, see_uninitialised
from envprint.causes.models.loading import (
    leave_out_what_files_lack,
    see_names,
    see_new_layers,
    see_resized,
)
from envprint.causes.models.modes import see_dropout, see_modes
from envprint.causes.models.norms import see_norms
from envprint.causes.models.observed import HARDLY, LIKELY, Observed, Open
from envprint.causes.models.quantised import see_quantised
from envprint.causes.models.resuming import see_resuming
from envprint.causes.models.tensors import see_layout, see_transient, see_types
from envprint.causes.models.ties import see_ties
from envprint.causes.models.weights import (
    see_equal_layers,
    see_frozen,
    see_trained,
    see_what_passes_change,
)
from envprint.models.comparing import Comparison
from envprint.probes.wording import size_of
from envprint.report import Finding, Parting

# the most particular first: what one accounts for, those behind it do not see
RULES: tuple[Callable[[Open], Iterator[Observed]], ...] = (
    see_alias,
    see_averages,
    see_quantised,
    see_names,
    see_uninitialised,
    see_what_passes_change,
    see_transient,
    see_types,
    see_ties,
    see_norms,
    see_conversion,
    see_modes,
    see_dropout,
    see_resized,
    see_architecture,
    see_new_layers,
    see_equal_layers,
    see_drawn,
    see_trained,
    see_frozen,
    see_layout,
    see_resuming,
)
# one pass upon a copy, with generators at one seed, does not show these
ACTING_UNSEEN = frozenset({"dropout-active", "forward-mutates"})
CONFIRMED, WITHOUT_EFFECT = 0.99, 0.2


def observe(comparison: Comparison) -> list[Observed]:
    """Return the causes that a comparison of models shows, the answer first."""
    open_ = Open.all_of(comparison)
    leave_out_what_files_lack(open_)
    seen = [observed for rule in RULES for observed in rule(open_)]
    weighed = [_weighed(each, comparison) for each in seen]
    return sorted(weighed, key=lambda each: (-round(each.probability, 2), not each.acts_on_outputs))


def _weighed(observed: Observed, comparison: Comparison) -> Observed:
    """Return a cause as sure as the forward passes leave it: one that touches where outputs part, or none that acts."""
    if not observed.acts_on_outputs or not comparison.drift.outputs:
        return observed
    if comparison.drift.outputs.get("own") == "same" and observed.cause not in ACTING_UNSEEN:
        words = "a forward pass gave the same bits on both sides"
        return _as_sure_as(min(observed.probability, WITHOUT_EFFECT), observed, words)
    parting = next((each for each in comparison.drift.partings if each.mode == "own"), None)
    if parting is None or not parting.module or observed.probability < HARDLY:
        return observed
    if parting.same_inputs and _touches(observed, parting):
        words = f"outputs part first in {parting.module}, whose inputs are the same"
        return _as_sure_as(max(observed.probability, CONFIRMED), observed, words)
    return _as_sure_as(min(observed.probability, LIKELY), observed)


def _as_sure_as(probability: float, observed: Observed, *words: str) -> Observed:
    return replace(observed, probability=probability, evidence=(*observed.evidence, *words))


def _touches(observed: Observed, parting: Parting) -> bool:
    """Tell whether what a cause accounts for lies in the module where outputs part."""
    within = f"{parting.module}."
    return any(module == parting.module or module.startswith(within) for module in observed.modules)


def findings_of(observed: Sequence[Observed], comparison: Comparison) -> tuple[Finding, ...]:
    """Return what was seen as findings of a report."""
    return tuple(_finding(each, comparison) for each in observed)


def _finding(observed: Observed, comparison: Comparison) -> Finding:
    cause = causes_by_id()[observed.cause]
    return Finding(
        cause=cause.id,
        title=cause.title,
        status="confirmed"
        if observed.probability >= LIKELY
        else "supported"
        if observed.probability > HARDLY
        else "possible",
        confidence=round(observed.probability, 2),
        effect=cause.magnitude,
        expected=cause.expected or band_of(cause.band),
        measured=_measured(comparison),
        changes=observed.paths,
        evidence=observed.evidence,
        why=cause.why,
        fix=cause.fix,
        cost=cause.cost,
        see=cause.see,
    )


def _measured(comparison: Comparison) -> str | None:
    """Return how far the outputs are apart where they part first."""
    sizes = [each.relative for each in comparison.drift.partings if each.mode == "own" and each.relative]
    return f"{size_of(sizes[0])} relative, where outputs part" if sizes else None
