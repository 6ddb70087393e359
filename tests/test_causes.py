"""The catalog of causes and what explain() makes of changes."""

import base64
import re
from importlib import resources

import pytest
from hypothesis import given
from strategies import manifests
from test_bearing import all_paths

from envprint.causes import cause_of, explain
from envprint.causes.cause import Cause, load_catalog
from envprint.manifest import Gap, Manifest
from envprint.manifest.machine import Accelerators, Device, System
from envprint.manifest.numerics import Effective, Precision, Threads
from envprint.manifest.probes import Order, Probe, Probes
from envprint.manifest.run import Generator, Rng, Taken
from envprint.manifest.software import Code, Torch

KEYED = (
    "variables.environment.",
    "precision.autocast.",
    "precision.fp32.",
    "precision.sdpa.",
    "torch.build.",
    "libraries.loaded.",
    "packages.installed.",
    "system.compilers.",
    "threads.pools.",
)


@pytest.mark.parametrize("cause", load_catalog(), ids=lambda cause: cause.id)
def test_a_cause_reads_paths_that_a_manifest_has(cause: Cause) -> None:
    known = all_paths()
    idle = [
        pattern
        for pattern in (*cause.paths, *cause.direct)
        if not pattern.startswith(KEYED)
        and not any(
            re.fullmatch(
                ".*".join(
                    map(
                        re.escape,
                        pattern.split("*"),
                    )
                ),
                path,
            )
            for path in known
        )
    ]

    assert [] == idle


@pytest.mark.parametrize("cause", load_catalog(), ids=lambda cause: cause.id)
def test_a_cause_says_why_how_much_what_to_do_and_where_it_is_documented(cause: Cause) -> None:
    assert all([cause.title, cause.why, cause.fix, cause.cost, cause.expected, cause.effect])
    assert cause.see
    assert all(link.startswith("https://") for link in cause.see)


def test_ids_are_unique_kebab_case_and_sorted_within_their_family() -> None:
    ids = [cause.id for cause in load_catalog()]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9.]+)*", name) for name in ids)
    for file in (resources.files("envprint.causes") / "catalog").iterdir():
        family = re.findall(r"^\[(.+)\]$", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert sorted(family) == family


def test_no_two_causes_claim_one_path_by_the_same_pattern() -> None:
    patterns = [pattern for cause in load_catalog() for pattern in cause.paths]

    assert [] == sorted({pattern for pattern in patterns if patterns.count(pattern) > 1})


def test_a_path_belongs_to_the_cause_that_names_it_most_closely() -> None:
    found = {
        path: cause_of(path)
        for path in ("packages.installed.numpy", "packages.installed.einops", "blas.numpy.architecture", "cpu.nonsense")
    }

    assert ["numpy-version", "untracked-environment", "openblas-coretype", None] == [
        cause and cause.id for cause in found.values()
    ]


@given(manifests())
def test_a_manifest_without_unknowns_is_identical_to_itself(a: Manifest) -> None:
    report = explain(a, a)
    if all(gap.kind == "absent" for gap in a.gaps.values()):
        assert "identical" == report.verdict
        assert () == report.findings


@given(manifests(), manifests())
def test_confidences_never_add_up_to_more_than_one(a: Manifest, b: Manifest) -> None:
    assert sum(finding.confidence for finding in explain(a, b).findings) <= 1.05


@given(manifests(), manifests())
def test_a_report_is_the_same_each_time(a: Manifest, b: Manifest) -> None:
    assert explain(a, b) == explain(a, b)


def threads(number: int) -> Manifest:
    return Manifest(threads=Threads(torch_intraop=number))


def test_a_fact_that_decides_makes_the_verdict_divergent() -> None:
    report = explain(threads(1), threads(2))

    assert ("divergent", "intra-op-threads") == (report.verdict, report.findings[0].cause)
    assert "They are likely to part, as far as facts tell: expect 1e-9 to 5e-6 relative in float32." == report.summary


def test_a_fact_that_only_may_bear_leaves_it_undecidable() -> None:
    a, b = (Manifest(code=Code(git_commit=commit)) for commit in ("0" * 40, "1" * 40))
    report = explain(a, b)

    assert ("undecidable", "possible") == (report.verdict, report.findings[0].status)
    assert "1 fact that may bear on results differs: facts alone do not tell whether they do." == report.summary


def test_what_could_not_be_read_leaves_it_undecidable() -> None:
    failed = Manifest(
        threads=Threads(torch_intraop=None), gaps={"threads.torch_intraop": Gap(kind="failed", reason="no")}
    )
    report = explain(failed, failed)

    assert ("undecidable", ()) == (report.verdict, report.findings)
    assert "could not be read" in report.summary
    assert ["a", "b"] == [gap.side for gap in report.gaps]


def test_switches_without_effect_make_it_equivalent_and_are_named() -> None:
    a, b = (
        Manifest(precision=Precision(cuda_matmul_allow_tf32=on), effective=Effective(gpu=False)) for on in (True, False)
    )
    report = explain(a, b)

    assert "equivalent" == report.verdict
    assert [("tf32-matmul", "no GPU in use on either side")] == [
        (entry.cause, entry.reason) for entry in report.dismissed
    ]


def test_mere_circumstance_is_identical() -> None:
    a, b = (Manifest(system=System(kernel=kernel), taken=Taken(host=kernel)) for kernel in ("6.1", "6.8"))

    assert "identical" == explain(a, b).verdict


def test_another_seed_is_confirmed_and_another_state_alone_is_not() -> None:
    def seeded(seed: int, state: str) -> Manifest:
        return Manifest(rng=Rng(torch=Generator(seed=seed, seeded=True, state=state)))

    assert explain(seeded(1, "sha256:a"), seeded(2, "sha256:b")).summary.startswith("They will not agree bit for bit: ")
    by_seed = explain(seeded(1, "sha256:a"), seeded(2, "sha256:b")).findings[0]
    by_state = explain(seeded(1, "sha256:a"), seeded(1, "sha256:b")).findings[0]

    assert [("seed-value-differs", "confirmed"), ("seed-value-differs", "possible")] == [
        (finding.cause, finding.status) for finding in (by_seed, by_state)
    ]


def probed(bits: str, *, threads: int = 1, failed: str = "", words: str = "pairwise") -> Manifest:
    samples = base64.b64encode(bytes.fromhex(bits)).decode()
    kernels = {"sum": Probe(version=1, dtype="float32", digest=f"sha256:{bits}", samples=samples)}
    orders = {"sum": Order(version=1, terms=8, digest=f"sha256:{words}", tree="", words=words)}
    return Manifest(
        threads=Threads(torch_intraop=threads),
        probes=Probes(kind="default", kernels={"cpu": kernels}, orders={"cpu": orders}),
        gaps={failed: Gap(kind="failed", reason="no")} if failed else {},
    )


ONE, NEXT_TO_ONE = "0000803f", "0100803f"


def test_kernels_that_moved_make_it_divergent_as_measured() -> None:
    report = explain(probed(ONE), probed(NEXT_TO_ONE))

    assert ("divergent", ()) == (report.verdict, report.findings)
    assert "They will not agree bit for bit: 1 of 1 kernel differs, typically by 1.2e-07 relative." == report.summary
    assert report.drift is not None
    assert ["moved"] == [kernel.state for kernel in report.drift.kernels]


def test_what_was_measured_comes_before_what_is_expected() -> None:
    report = explain(probed(ONE), probed(NEXT_TO_ONE, threads=2))

    assert (
        "They will not agree bit for bit: 1 of 1 kernel differs, typically by 1.2e-07 relative; "
        "expect 1e-9 to 5e-6 relative in float32."
    ) == report.summary


def test_another_order_of_addition_makes_it_divergent() -> None:
    report = explain(probed(ONE), probed(ONE, words="sequential"))

    assert ("divergent", "They will not agree bit for bit: 1 kernel adds in another order.") == (
        report.verdict, report.summary,
    )  # fmt: skip


def test_a_kernel_that_failed_leaves_it_undecidable_and_one_that_was_not_run_does_not() -> None:
    failed = explain(probed(ONE), probed(ONE, failed="probes.kernels.cpu.dot"))
    unrun = explain(probed(ONE), Manifest(threads=Threads(torch_intraop=1)))

    assert (
        "undecidable",
        "What could be read agrees, but 1 probe could not be compared.",
    ) == (failed.verdict, failed.summary)
    assert "identical" == unrun.verdict


def test_two_suspects_of_the_same_weight_share() -> None:
    def machine(name: str, capability: str) -> Manifest:
        devices = {"0": Device(name=name)}
        return Manifest(
            accelerators=Accelerators(devices=devices), effective=Effective(gpu=True), torch=Torch(version=capability)
        )

    report = explain(machine("H100", "2.6.0"), machine("A100", "2.7.0"))

    assert [0.49, 0.49] == [finding.confidence for finding in report.findings]


def test_a_cause_is_told_where_the_wider_one_is_over_all_steps() -> None:
    def switched(*, on: bool) -> Manifest:
        return Manifest(
            precision=Precision(float32_matmul="high" if on else "highest", cuda_matmul_allow_tf32=on),
            effective=Effective(gpu=on, tf32_matmul=on),
        )

    (finding,) = explain(switched(on=True), switched(on=False)).findings

    assert "cpu-vs-gpu" == finding.cause
    assert {"effective.gpu", "effective.tf32_matmul", "precision.float32_matmul"} <= set(finding.changes)
