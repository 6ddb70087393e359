"""Compare what a command line names, with a sign of life where that takes long."""

from pathlib import Path

from envprint.causes import explain
from envprint.checkpoints.loading import is_model, load
from envprint.errors import EnvprintError
from envprint.manifest import Manifest
from envprint.report import Report


def explain_against_here(a: str) -> Report:
    """Return how a manifest differs from this machine now."""
    from envprint.cli._capture import capture_with_progress

    left = pulled(a) or load(a)
    right = capture_with_progress(probe=left.probes.kind if left.probes else None)
    return explain(left, right, name_a=a, name_b="this machine")


def explain_files(a: str, b: str) -> Report:
    """Return how two files differ: manifests, saved models, or one of each."""
    left, right = pulled(a), pulled(b)
    if (left or not is_model(a)) and (right or not is_model(b)):
        return explain(left or load(a), right or load(b), name_a=a, name_b=b)
    from envprint.cli._capture import progress

    with progress(f"comparing {Path(a).name} with {Path(b).name}"):
        return explain(left or a, right or b, name_a=a, name_b=b)


def pulled(name: str) -> Manifest | None:
    """Return what the registry has of an id, where one is configured, and no file is called so."""
    from envprint.registry.configured import REFERENCE, is_configured

    if not is_configured() or not REFERENCE.fullmatch(name) or Path(name).exists():
        return None
    from envprint.registry.client import client_of

    return client_of().pull(name)


def with_noise(report: Report, a: str, b: str | None, noise: str) -> Report:
    """Return a report with a note on whether two runs are further apart than the seed alone makes them."""
    from envprint.manifest.sweep import load_sweep
    from envprint.recorder.sweeping import LAST_LOSS

    if b is None:
        raise EnvprintError("--noise compares two recorded runs; name both")
    sweep = load_sweep(noise)
    if sweep.metric != LAST_LOSS:
        raise EnvprintError(
            f"{noise} is a sweep of {sweep.metric!r}; --noise compares losses", hint="sweep once more without --metric"
        )
    losses = [_last_loss(path) for path in (a, b)]
    gap = abs(losses[0] - losses[1])
    larger = gap > sweep.usual_gap
    said = "larger than" if larger else "no larger than"
    note = (
        f"the last losses are {gap:.3g} apart, {said} what two seeds make in 95 % of all cases: {sweep.usual_gap:.3g}"
    )
    return report.model_copy(update={"notes": (*report.notes, note)})


def _last_loss(path: str) -> float:
    run = load(path).run
    losses = [step.loss for step in run.ledger if step.loss] if run else []
    if not losses:
        raise EnvprintError(
            f"{path} is no recorded run with a loss", hint="envprint capture -o FILE -- COMMAND records one"
        )
    return float.fromhex(losses[-1])
