"""Compare what stands on two sides: environments, models, or both."""

import contextlib
from pathlib import Path
from typing import Any, Protocol

from envprint.causes.models.reporting import report_models
from envprint.errors import CheckpointError, EnvprintError, NoManifestError
from envprint.manifest import Manifest
from envprint.manifest._wording import one_line
from envprint.models.opening import Source, opened_source
from envprint.report import Report, Side, SideName


class Explain(Protocol):
    """Compares two environments."""

    def __call__(self, a: Manifest, b: Manifest, *, name_a: str, name_b: str) -> Report:
        """Return how they differ."""


def explain_sides(a: Any, b: Any, explain: Explain, *, inputs: Any, names: tuple[str, str]) -> Report:
    """Return how two sides differ; raise where they share neither an environment nor a model."""
    name_a, name_b = (name or _name_of(each) for name, each in zip(names, (a, b), strict=True))
    with contextlib.ExitStack() as stack:
        left = stack.enter_context(opened_source(a, inputs))
        right = left if a is b else stack.enter_context(opened_source(b, inputs))
        environments = None
        if left.manifest is not None and right.manifest is not None:
            environments = explain(left.manifest, right.manifest, name_a=name_a, name_b=name_b)
        sides: dict[SideName, Side] = {"a": _side(left, name_a), "b": _side(right, name_b)}
        notes = tuple(dict.fromkeys((*left.notes, *right.notes)))
        if left.subject is not None and right.subject is not None:
            report = report_models(left.subject, right.subject, environments, sides)
            alone = ("only the models are compared, not where they were made",) if notes and not environments else ()
            return report.model_copy(update={"notes": (*notes, *alone, *report.notes)})
        if environments is None:
            raise _nothing_shared((left, name_a), (right, name_b))
        return environments.model_copy(update={"notes": (*notes, *environments.notes)})


def _name_of(source: Any) -> str:
    return str(source) if isinstance(source, (str, Path)) else ""


def _side(source: Source, name: str) -> Side:
    return Side(id=source.manifest.id if source.manifest else "", name=name)


def _nothing_shared(*sides: tuple[Source, str]) -> EnvprintError:
    """Return the error that one side has no manifest, and the other no model."""
    for source, name in sides:
        if source.manifest is None and source.subject is not None and name:
            hint = one_line(f"embed one where it was saved, with: envprint embed {name}")
            return NoManifestError(one_line(f"{name} carries no manifest"), hint=hint)
    return CheckpointError("the two sides have nothing in common: one has no environment, the other no model")
