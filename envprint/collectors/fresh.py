"""What a fresh process must import before it can be captured, and what to say when that fails."""

import importlib
import importlib.metadata
import warnings

from envprint.collectors._outside import Absent
from envprint.collectors._reading import gap_from
from envprint.manifest import Gap

LIBRARIES = ("torch", "numpy", "numpy.random")


def import_libraries() -> dict[str, Exception]:
    """Import what a training process would have, and initialise CUDA; return what failed, by name."""
    failures: dict[str, Exception] = {}
    for name in LIBRARIES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
        except Exception as exc:  # noqa: BLE001 - a broken library is a fact of the environment
            failures[name] = exc
    if "torch" not in failures:
        initialise_cuda()
    return failures


def initialise_cuda() -> None:
    """Start CUDA if there is any, so that torch tells what it sees; a driver that fails is told by the gaps."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if torch.cuda.is_available():
                torch.cuda.init()
    except (RuntimeError, AssertionError):
        return


def explain_missing(gaps: dict[str, Gap], failures: dict[str, Exception]) -> dict[str, Gap]:
    """Return better gaps for those that only say that a library is not imported."""
    better: dict[str, Gap] = {}
    for name, exc in failures.items():
        gap = gap_from(_why_missing(name, exc))
        missing = f"{name} is not imported in this process"
        better.update({path: gap for path, old in gaps.items() if old.reason == missing})
    return better


def _why_missing(name: str, exc: Exception) -> Exception:
    try:
        importlib.metadata.version(name.partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return Absent(f"{name} is not installed")
    return exc
