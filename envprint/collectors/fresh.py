"""What a fresh process must import before it can be captured, and what to say when that fails."""

import contextlib
import importlib
import importlib.metadata
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from envprint.manifest import Gap
from envprint.manifest.gaps import Absent, gap_from

LIBRARIES = ("torch", "numpy", "numpy.random")


def import_libraries() -> dict[str, BaseException]:
    """Import what a training process would have, and initialise CUDA; return what failed, by name."""
    failures: dict[str, BaseException] = {}
    for name in LIBRARIES:
        try:
            Path.cwd()  # where that folder was deleted, MKL ends the process as soon as torch is imported
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - a broken library is a fact of the environment
            failures[name] = exc
    if "torch" not in failures:
        begin_work()
    return failures


def begin_work() -> None:
    """Use each library once, so that it tells what it chose: CUDA its devices, cuDNN its version, MKL its code path.

    One that fails is told by the gaps.
    """
    import torch

    steps: tuple[Callable[[], object], ...] = (
        lambda: torch.cuda.is_available() and torch.cuda.init(),
        lambda: torch.backends.cudnn.is_available() and torch.backends.cudnn.version(),
        lambda: torch.ones(32, 32) @ torch.ones(32, 32),
    )
    for step in steps:
        with warnings.catch_warnings(), contextlib.suppress(Exception):  # of a broken torch anything may come
            warnings.simplefilter("ignore")
            step()


def explain_missing(gaps: dict[str, Gap], failures: Mapping[str, BaseException]) -> dict[str, Gap]:
    """Return better gaps for those that only say that a library is not imported."""
    better: dict[str, Gap] = {}
    for name, exc in failures.items():
        gap = gap_from(_why_missing(name, exc))
        missing = f"{name} is not imported in this process"
        better.update({path: gap for path, old in gaps.items() if old.reason == missing})
    return better


def _why_missing(name: str, exc: BaseException) -> BaseException:
    try:
        importlib.metadata.version(name.partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return Absent(f"{name} is not installed")
    return exc
