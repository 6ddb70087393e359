"""Compare what a command line names, with a sign of life where that takes long."""

from pathlib import Path

from envprint.causes import explain
from envprint.checkpoints.loading import is_model, load
from envprint.report import Report


def explain_against_here(a: str) -> Report:
    """Return how a manifest differs from this machine now."""
    from envprint.cli._capture import capture_with_progress

    left = load(a)
    right = capture_with_progress(probe=left.probes.kind if left.probes else None)
    return explain(left, right, name_a=a, name_b="this machine")


def explain_files(a: str, b: str) -> Report:
    """Return how two files differ: manifests, saved models, or one of each."""
    if not is_model(a) and not is_model(b):
        return explain(load(a), load(b), name_a=a, name_b=b)
    from envprint.cli._capture import progress

    with progress(f"comparing {Path(a).name} with {Path(b).name}"):
        return explain(a, b, name_a=a, name_b=b)
