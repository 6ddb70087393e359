"""Hear of what makes a step: backward, zero_grad, clipping, the optimizer, its scheduler and its scaler."""

from typing import Any

from envprint.recorder.between import begin_known, end_known, loss_known
from envprint.recorder.calls import Undo, hook, wrap, wrap_unless
from envprint.recorder.recording import Recording
from envprint.recorder.standing_importlib_bootstrap import Heard

EUCLIDEAN = 2.0  # the norm that clip_grad_norm_ takes unless it is told of another
NO_SETTINGS = frozenset({"last_epoch", "verbose", "optimizer"})


def observe_steps(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of backward() and of every optimizer's steps, for which torch has hooks."""
    from torch.optim import optimizer

    made = optimizer.Optimizer
    begun = hook(recording.hearing("steps", recording.stepping), begin_known(recording))
    ended = hook(recording.hearing("steps", recording.stepped), end_known(recording))
    return [
        _observe_backward(torch, recording),
        optimizer.register_optimizer_step_pre_hook(begun).remove,
        optimizer.register_optimizer_step_post_hook(ended).remove,
        wrap(made, "__init__", returned=lambda *_, **__: recording.optimizer_made()),
        wrap(made, "zero_grad", _emptying("optimizer", recording)),
        wrap(torch.nn.Module, "zero_grad", _emptying("module", recording)),
        wrap(made, "load_state_dict", lambda of, *_, **__: recording.event("load-optimizer", type(of).__qualname__)),
    ]


def _observe_backward(torch: Any, recording: Recording) -> Undo:
    heard = recording.hearing("loss", recording.backward)
    if recording.chosen is not None and recording.chosen.modules:
        return wrap(torch.autograd, "backward", heard, lambda *_, **__: recording.returned())
    return wrap_unless(loss_known(recording, torch), torch.autograd, "backward", heard)


def _emptying(what: str, recording: Recording) -> Heard:
    steps, events = recording.steps, recording.events

    def emptied(_: Any, set_to_none: Any = True, *__: Any, **___: Any) -> None:  # noqa: FBT002 - as torch has it
        if steps.is_kept:
            steps.called("zero-grad")
        if ("zero-grad", (what, none := bool(set_to_none))) not in events.settled:
            events.count("zero-grad", (what, none))
            recording.event("zero-grad", f"{what} set_to_none={none}")

    return emptied


def observe_clipping(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of gradients that are clipped, by their norm or each by its value."""
    holders = (torch.nn.utils, torch.nn.utils.clip_grad)
    steps, events = recording.steps, recording.events

    def known(*arguments: Any, **named: Any) -> bool:
        if steps.is_kept or len((*arguments, *named)) != len(("parameters", "max_norm")):
            return False
        norm = named.get("max_norm") if named else arguments[-1]
        return type(norm) is float and ("clip", norm) in events.settled

    def by_norm(_: Any, max_norm: Any, norm_type: Any = EUCLIDEAN, *__: Any, **___: Any) -> None:
        if steps.is_kept:
            steps.called("clip")
        is_usual = type(max_norm) is float and type(norm_type) is float and norm_type == EUCLIDEAN
        if not is_usual or ("clip", max_norm) not in events.settled:
            if is_usual:
                events.count("clip", max_norm)
            recording.event("clip", f"{_number(max_norm)} norm_type={_number(norm_type)}")

    def by_value(_: Any, clip_value: Any, *__: Any, **___: Any) -> None:
        if steps.is_kept:
            steps.called("clip")
        recording.event("clip-value", _number(clip_value))

    return [
        *(wrap_unless(known, holder, "clip_grad_norm_", by_norm) for holder in holders),
        *(wrap(holder, "clip_grad_value_", by_value) for holder in holders),
    ]


def _number(value: Any) -> str:
    """Return a number as text; one that lies on a device is not read, since that waits."""
    return f"{float(value):g}" if getattr(value, "is_cpu", True) else "given"


def observe_schedulers(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of schedulers that are made, and of those whose state is restored."""
    scheduler = torch.optim.lr_scheduler.LRScheduler
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau

    def made(_: None, of: Any, *__: Any, **___: Any) -> None:
        recording.event("scheduler", _told(of))

    def restored(of: Any, *_: Any, **__: Any) -> None:
        recording.event("load-scheduler", type(of).__qualname__)

    holders = [each for each in (scheduler, plateau) if "__init__" in vars(each)]
    loads = {each for base in holders for each in (base, *_subclasses(base)) if "load_state_dict" in vars(each)}
    return [
        *(wrap(holder, "__init__", returned=made) for holder in holders),
        *(wrap(holder, "load_state_dict", restored) for holder in sorted(loads, key=lambda each: each.__name__)),
    ]


def _subclasses(kind: Any) -> list[Any]:
    return [each for direct in kind.__subclasses__() for each in (direct, *_subclasses(direct))]


def observe_scaler(_: Any, recording: Recording) -> list[Undo]:
    """Hear of a GradScaler that unscales gradients, and of one that makes steps."""
    from torch.amp import grad_scaler

    scaler = grad_scaler.GradScaler
    return [
        wrap(scaler, "unscale_", lambda *_, **__: recording.called("unscale")),
        wrap(scaler, "step", lambda of, *_, **__: recording.event("scaler", _told(of))),
        wrap(scaler, "load_state_dict", lambda *_, **__: recording.event("load-scaler", "GradScaler")),
    ]


def _told(of: Any) -> str:
    """Return the class of an object and its plain settings."""
    settings = {name.lstrip("_"): value for name, value in vars(of).items() if name not in NO_SETTINGS}
    plain = (bool, int, float, str)
    said = [
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in sorted(settings.items())
        if isinstance(value, plain) and not name.startswith(("step_count", "get_lr", "is_initial", "growth_tracker"))
    ]
    return " ".join((type(of).__qualname__, *said))
