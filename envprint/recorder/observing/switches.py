"""Hear of what decides how a run computes: its loss, autocast, torch.compile, and switches that are turned."""

import inspect
import operator
from typing import Any

from envprint.recorder.calls import Undo, wrap, wrap_unless
from envprint.recorder.recording import Recording

LOSSES = (
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy", "ctc_loss",
    "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss",
    "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "poisson_nll_loss",
    "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
)  # fmt: skip
TENSORS = frozenset({"input", "target"})
OLD = frozenset({"size_average", "reduce"})
SETTERS = (
    "set_num_threads", "set_float32_matmul_precision", "use_deterministic_algorithms", "set_default_dtype",
    "set_deterministic_debug_mode", "set_flush_denormal",
)  # fmt: skip


def observe_losses(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of the functions that make a loss, and of their settings."""
    functions = torch.nn.functional
    return [_observe_loss(functions, name, recording) for name in LOSSES if hasattr(functions, name)]


def _observe_loss(functions: Any, name: str, recording: Recording) -> Undo:
    parameters = inspect.signature(getattr(functions, name)).parameters
    names = tuple(parameters)
    defaults = {
        each: one.default for each, one in parameters.items() if one.default is not one.empty and each not in OLD
    }

    last: list[Any] = []
    events, key, steps = recording.events, ("loss", name), recording.steps
    place = names.index("target") if "target" in names else len(names)

    def known(*arguments: Any, **named: Any) -> bool:
        if key not in events.settled or not named.keys().isdisjoint(TENSORS):
            return False
        if steps.is_kept and not steps.batches.loaded:
            return False
        settings = (*arguments[2:], *named, *named.values())
        return len(settings) == len(last) and all(map(operator.is_, settings, last))

    def heard(*arguments: Any, **named: Any) -> None:
        target = named.get("target", arguments[place] if len(arguments) > place else None)
        settings = [*arguments[2:], *named, *(named.values() if named.keys().isdisjoint(TENSORS) else _others(named))]
        are_as_before = len(settings) == len(last) and all(map(operator.is_, settings, last))
        if not are_as_before or key not in events.settled:
            if are_as_before:
                events.count(*key)
            last[:] = settings
            given = {**defaults, **dict(zip(names, arguments, strict=False)), **named}
            said = (f"{each}={_plain(given[each])}" for each in defaults)
            recording.event("loss", " ".join((name, *said)))
        if target is not None and not getattr(target, "requires_grad", True):
            recording.fed.aimed_at(target)

    return wrap_unless(known, functions, name, recording.hearing("batches", heard))


def _others(named: dict[str, Any]) -> list[Any]:
    return [value for name, value in named.items() if name not in TENSORS]


def _plain(value: Any) -> str:
    if value is None or isinstance(value, (bool, int, str)):
        return str(value)
    return f"{value:g}" if isinstance(value, float) else "given"


def observe_autocast(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of autocast that is switched on, or off within."""

    def entered(of: Any) -> None:
        kind = str(getattr(of, "fast_dtype", "?")).removeprefix("torch.")
        recording.event("autocast", f"{getattr(of, 'device', '?')} {kind} enabled={getattr(of, '_enabled', '?')}")

    return [wrap(torch.autocast, "__enter__", entered)]


def observe_setters(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of switches that are turned by a function of torch; those of torch.backends are compared at kept steps."""

    def turned(*_: Any, **__: Any) -> None:
        recording.turned()

    return [wrap(torch, name, returned=turned) for name in SETTERS if hasattr(torch, name)]
