"""What a finding rests on: tensors of models, and changes; and which findings are about models at all."""

from collections.abc import Collection

from envprint.report import Change, Finding, Report, TensorDrift

MODEL, TENSORS, MODULES = "model.", "model.tensors.", "model.modules."


def is_about_models(finding: Finding, report: Report) -> bool:
    """Tell whether a finding comes from two models, and not from their environments."""
    return report.models is not None and not finding.moved and all(path.startswith(MODEL) for path in finding.changes)


def compares_models_alone(report: Report) -> bool:
    """Tell whether nothing of environments bears on what the report says."""
    return report.models is not None and not any(
        change.bearing == "numeric" and not change.path.startswith(MODEL) for change in report.changes
    )


def tensors_behind(finding: Finding, report: Report) -> list[TensorDrift]:
    """Return the tensors that a finding rests on, in the order of the model."""
    paths = set(finding.changes)
    return [each for each in (report.models.tensors if report.models else ()) if f"{TENSORS}{each.name}" in paths]


def changes_behind(finding: Finding, report: Report) -> list[Change]:
    """Return the changes that a finding rests on, in its order, without those of tensors."""
    told = {f"{TENSORS}{each.name}" for each in tensors_behind(finding, report)}
    by_path = {change.path: change for change in report.changes}
    return [by_path[path] for path in finding.changes if path in by_path and path not in told]


def settings_left(report: Report) -> list[Change]:
    """Return what else differs between modules: settings that no finding rests on."""
    explained = {path for finding in report.findings for path in finding.changes}
    return [each for each in report.changes if each.path.startswith(MODULES) and each.path not in explained]


def without_models(changes: Collection[Change], report: Report) -> list[Change]:
    """Return changes without those of models, where the report tells of models apart."""
    return [each for each in changes if report.models is None or not each.path.startswith(MODEL)]
