"""Each live cause has a pair of manifests that gives its finding; those that no machine could make are edited ones."""

from collections.abc import Iterator
from functools import cache

from _edited import SAMPLES, families, make_pair, read_edits

from envprint.causes import explain
from envprint.causes.cause import Cause
from envprint.causes.loading import causes_by_id, load_catalog
from envprint.manifest import dump_manifest, load
from envprint.report import Finding, Report

LIVE = [cause for cause in load_catalog().causes if cause.is_environmental]
EDITED = {name: edits for family in families() for name, edits in read_edits(family).items()}
# Causes whose facts speak more for another one: a manifest cannot tell them apart, and the likelier one stands first.
RIVALS = {
    "batch-size-train": ("the batch size of training, too, is an argument of that name", ["batch-size-dependence"]),
    "code-version": ("old data is one thing that other code may have", ["stale-data-cache"]),
    "cpu-vs-gpu": ("another device computes otherwise, whatever came there", ["map-location-device", "mps-vs-cpu"]),
    "dataloader-shuffle-stream-1.10": (
        "a release shuffles otherwise", ["numpy-worker-duplicate-seed", "shuffle-order"],
    ),
    "default-device-or-meta-init": ("where tensors are made decides which path randperm takes", ["randperm-path"]),
    "default-dtype": ("another type changes what is loaded and drawn, too", ["dtype-cast-on-load", "rng-dtype-path"]),
    "dist-backend": ("a backend reduces in its own order, whatever the operation", ["reduction-op"]),
    "flush-denormal": ("a library built for speed shows by the flag that it sets", ["fast-math-shared-lib"]),
    "fused-kernel-autoswap": ("the package brings kernels first", ["mixed-param-dtype-norm"]),
    "generator-copied-into-workers": ("few libraries draw from generators of their own", ["library-own-rng"]),
    "gpu-sm-count": ("more multiprocessors change all launches", ["cuda-rng-sm-count", "split-k-kv"]),
    "low-precision-optimizer": ("the package is there for its optimizers first", ["fp8-fast-accum"]),
    "metric-definition": ("the package is there for its metrics first", ["scipy-sklearn-version"]),
    "mha-fastpath": ("a release that brought more than one change", ["spectral-weight-norm"]),
    "mkl-dispatch": ("a hypervisor that hides instructions shows by what it makes MKL do", ["vm-cpu-masking"]),
    "mkl-rng-stream-2.0-2.6": (
        "torch 2.0 brought more than one change", ["foreach-default", "sdpa-default-2.0", "zero-grad-set-to-none"],
    ),
    "model-dtype": ("transformers 5 brought more than one change", [
        "generation-config-defaults", "kv-cache", "nonpersistent-buffers", "resize-backend", "tied-weights",
        "transformers-version", "weight-conversion",
    ]),
    "mp-start-method": ("how workers start decides what they inherit", ["fork-rng-duplicate"]),
    "non-blocking-race": ("a missing wait in the script is likelier than one in torch", ["stream-race-bug"]),
    "num-workers": ("workers have one thread each, however many there are", ["worker-threads-one"]),
    "optimizer-hyperparams": ("a rate that a load restored is a rate that differs", ["lr-overwritten-by-load"]),
    "preferred-blas-library": ("the switch says which library, the cause which two", ["rocblas-hipblaslt"]),
    "python-version": ("few runs draw what another Python draws otherwise", ["python-random-version"]),
    "pythonhashseed": ("of what hashes order, modules are the least", ["module-list-order"]),
    "rng-consumption-shift": ("a loader that draws is one way to draw more", ["val-loader-shifts-train"]),
    "rng-state-on-resume": ("one side resumed, and its checkpoint may lack any of these", [
        "dataloader-position-resume", "epoch-off-by-one", "optimizer-state-missing", "partial-training-state",
        "scaler-state-missing", "scheduler-state-missing",
    ]),
    "seed-value-differs": ("one seed for all GPUs is a seed that differs", ["multi-gpu-same-seed"]),
    "torch-build": ("a build for other GPUs is another build", ["ptx-jit"]),
    "type-promotion": ("NumPy 2 brought more than one change", ["input-dtype", "numpy-stream-version"]),
    "warm-start-weights": ("a model may change under its name, or be another", ["mutable-model-revision"]),
    "world-size": ("another number of processes changes all of these", [
        "batch-size-train", "distributed-sampler-padding", "lr-scaling-world", "rng-state-world-mismatch",
        "sharded-reshard", "syncbn",
    ]),
}  # fmt: skip
EXCEPTED = {cause: rival for rival, (_, causes) in RIVALS.items() for cause in causes}


@cache
def pair_of(cause: str) -> Report:
    a, b = (load(SAMPLES / "pairs" / cause / f"{side}.json") for side in ("a", "b"))
    return explain(a, b)


def test_the_pair_of_each_live_cause_has_its_finding_first_of_those_of_its_facts() -> None:
    failing = [cause.id for cause in LIVE if not _is_answered(pair_of(cause.id), cause)]

    assert sorted(EXCEPTED) == sorted(failing)


def test_what_stands_before_the_cause_of_a_pair_is_likelier_by_the_same_facts() -> None:
    wrong = [cause for cause, rival in EXCEPTED.items() if not _is_outdone(pair_of(cause), cause, rival)]

    assert [] == wrong


def test_each_live_cause_is_named_in_its_way_by_its_pair() -> None:
    for cause in LIVE:
        report = pair_of(cause.id)
        named = {finding.cause for finding in report.findings}
        if cause.kind == "hazard":
            named |= {hazard.cause for hazard in report.hazards}
        elif cause.kind == "rule-out":
            named = {each.cause for each in report.dismissed}
        assert cause.id in named, cause.id


def test_there_are_pairs_of_live_causes_alone() -> None:
    assert {cause.id for cause in LIVE} == {folder.name for folder in (SAMPLES / "pairs").iterdir()}
    assert set(EDITED) <= set(causes_by_id())


def test_edited_pairs_are_made_of_real_manifests_and_say_so() -> None:
    for name, edits in EDITED.items():
        for side, manifest in zip(("a", "b"), make_pair(edits), strict=True):
            assert dump_manifest(manifest) == (SAMPLES / "pairs" / name / f"{side}.json").read_bytes(), "make catalog"
            assert manifest.taken is not None
            assert (manifest.taken.source or "").startswith("samples/manifests/")


def _is_answered(report: Report, cause: Cause) -> bool:
    """Tell whether a report names a cause in the way that this kind of cause is named, and before what is as likely."""
    if cause.kind == "rule-out":
        return cause.id in {each.cause for each in report.dismissed}
    alike = not any(change.bearing == "numeric" for change in report.changes)
    if cause.hazard and (not cause.signs or (cause.kind == "hazard" and alike)):
        return cause.id in {hazard.cause for hazard in report.hazards}
    peers = list(_of_its_facts(report, cause.id))
    own = [finding for finding in peers if finding.cause == cause.id]
    return bool(own) and (own[0] == report.findings[0] or own[0].confidence >= peers[0].confidence)


def _is_outdone(report: Report, cause: str, rival: str) -> bool:
    """Tell whether the first finding of the facts of a cause is this rival, and the likelier one."""
    first, *others = _of_its_facts(report, cause)
    return first.cause == rival and all(first.confidence > each.confidence for each in others if each.cause == cause)


def _of_its_facts(report: Report, cause: str) -> Iterator[Finding]:
    """Yield the findings that rest on the changes that the finding of a cause rests on, that one included."""
    theirs = {frozenset(finding.changes) for finding in report.findings if finding.cause == cause}
    yield from (finding for finding in report.findings if frozenset(finding.changes) in theirs)
