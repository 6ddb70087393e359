"""Say why two PyTorch runs, machines or reloaded models disagree.

    import envprint

    manifest = envprint.capture()               # this process as it is: flags, threads, seeds, libraries
    envprint.write(manifest, Path("run.json"))
    other = envprint.load("other.json")         # a manifest, or the text of torch's collect_env
    report = envprint.explain(manifest, other)  # verdict, findings, changes
    print(report.summary)

    a = envprint.describe(model)                # digests, mode, attributes, and what each module gives
    envprint.explain(a, reloaded_model)         # or two live models, or files: why their outputs differ

    envprint.save(model.state_dict(), "model.pt")  # torch.save, and the file says where it came from
    envprint.extract("model.pt")                   # that manifest; embed() puts one into a file that is there

Names load when they are first used: importing envprint imports neither torch, numpy nor pydantic.
"""

import importlib
from typing import Any

_HOMES = {
    "EnvprintError": "envprint.errors",
    "Manifest": "envprint.manifest",
    "Report": "envprint.report",
    "CheckpointError": "envprint.errors",
    "capture": "envprint.collectors",
    "capture_fresh": "envprint.collectors",
    "compare": "envprint.compare",
    "compare_ranks": "envprint.fleet.ranks",
    "describe": "envprint.models.describing",
    "embed": "envprint.checkpoints.embedding",
    "explain": "envprint.causes",
    "extract": "envprint.checkpoints.embedding",
    "load": "envprint.checkpoints.loading",
    "record": "envprint.recorder.attaching",
    "render": "envprint.renderers",
    "save": "envprint.checkpoints.embedding",
    "write": "envprint.manifest",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - one table for both


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
