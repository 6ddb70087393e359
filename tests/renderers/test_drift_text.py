"""What the probes measured, as text: layers, the largest kernels, what stayed, what was not compared."""

import base64
import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from envprint.causes import explain
from envprint.manifest import Gap, Manifest
from envprint.manifest.probes import Order, Probe, Probes
from envprint.renderers import render
from envprint.renderers.drift import bar, lay_out_drift
from envprint.renderers.layout import draw
from envprint.renderers.manifest import render_manifest
from envprint.renderers.plain import HARMFUL
from envprint.report import Drift, KernelDrift, LayerDrift, OrderDrift

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202etxt.exe\r\n[bold red]markup[/] :smile:"


def kernel(name: str, state: str = "moved", **fields: Any) -> KernelDrift:
    moved = {"differing": 31, "sampled": 64, "max_ulp": 3, "relative": 2.1e-7} if state == "moved" else {}
    known = {"path": f"cpu.{name}", "device": "cpu", "dtype": "float32", "state": state}
    return KernelDrift(**{**known, **moved, **fields})


def drawn(drift: Drift) -> str:
    return draw(lay_out_drift(drift))


def test_the_layers_that_moved_come_first_the_largest_at_the_top() -> None:
    drift = Drift(
        kernels=(
            kernel("sum-long-f32", with_one_thread="same"),
            kernel("svd-f32", max_ulp=56634, relative=4.3e-6, differing=64),
            kernel("randperm", dtype="int32", max_ulp=4001, relative=0.98),
            kernel("dot-f32", differing=0, sampled=1, max_ulp=None, relative=None, reason="outside of the samples"),
            kernel("exp-f32", state="identical"),
        ),
        layers={
            "ATen": LayerDrift(moved=2, compared=3, relative=2.1e-7),
            "BLAS": LayerDrift(moved=1, compared=1, relative=4.3e-6),
            "libm": LayerDrift(compared=4),
            "Pillow": LayerDrift(unknown=2),
        },
    )

    expected = """\
drift          4 of 5 kernels moved
  BLAS         1 of 1 moved  █████  4.3e-06
  ATen         2 of 3 moved  ████   2.1e-07
largest        randperm      31 of 64                4001       0.98
               svd-f32       64 of 64                56634 ULP  4.3e-06
               sum-long-f32  31 of 64                3 ULP      2.1e-07
               dot-f32       outside of the samples
stayed         libm
one thread     sum-long-f32: the same on both sides, so the number of threads
               parts them
"""
    assert expected == drawn(drift)


def test_where_nothing_moved_that_is_the_answer() -> None:
    drift = Drift(
        kernels=(kernel("exp-f32", state="identical"), kernel("log-f32", state="identical")),
        layers={"ATen": LayerDrift(compared=2)},
    )

    assert "drift          2 kernels agree bit for bit\n" == drawn(drift)


def test_what_was_not_compared_is_said_with_its_reason_and_side() -> None:
    unrun = [kernel(f"f{place}", state="unknown", reason="not run", lacking=("b",)) for place in range(6)]
    drift = Drift(
        kernels=(
            *unrun,
            kernel("jpeg", state="unknown", reason="not run: Pillow is not installed", lacking=("a",)),
            kernel("svd-f32", state="unknown", reason="failed: RuntimeError: no", lacking=("a", "b")),
        )
    )

    expected = """\
drift          no kernel could be compared
not compared   6 kernels on b: not run; jpeg on a: not run: Pillow is not
               installed; svd-f32 on both sides: failed: RuntimeError: no
"""
    assert expected == drawn(drift)


def test_wrong_reduced_and_unsteady_kernels_are_said_in_plain_words() -> None:
    drift = Drift(
        kernels=(
            kernel("conv", state="identical", accuracy={"a": "wrong", "b": "wrong"}),
            kernel("matmul", state="identical", accuracy={"b": "reduced"}),
            kernel("index-add", state="identical", outputs={"a": 1, "b": 3}),
        ),
        orders=(OrderDrift(path="cpu.sum", a="pairwise", b="sequential"),),
    )

    expected = """\
drift          3 kernels agree bit for bit
order          sum: pairwise / sequential
wrong here     conv: no rounding explains the error on both sides
reduced        matmul: computed with products of reduced precision on b
unsteady       index-add: gives another output from run to run on b
"""
    assert expected == drawn(drift)


@pytest.mark.parametrize(
    ("relative", "blocks"),
    [(None, 0), (0.0, 0), (1e-300, 1), (1e-9, 1), (2e-7, 4), (0.5, 10), (2.0, 10), (math.nan, 0), (math.inf, 10)],
)
def test_a_bar_has_a_block_for_each_power_of_ten(relative: float | None, blocks: int) -> None:
    assert "█" * blocks == bar(relative)


def sampled(number: float) -> Probe:
    content = struct.pack("<f", number)
    return Probe(version=1, dtype="float32", digest=f"sha256:{number}", samples=base64.b64encode(content).decode())


def hostile(digest: str, gap: str = "probes.kernels.cpu.x") -> Manifest:
    record = Probe(version=1, dtype=HOSTILE, digest=digest, samples=HOSTILE, accuracy="wrong", outputs=2)
    orders = {HOSTILE: {HOSTILE: Order(version=1, terms=1, digest=digest, tree=HOSTILE, words=f"{digest}{HOSTILE}")}}
    probes = Probes(
        kind="full", kernels={HOSTILE: {HOSTILE: record}, "cpu": {HOSTILE: sampled(len(digest))}}, orders=orders
    )
    return Manifest(probes=probes, gaps={gap: Gap(kind="failed", reason=HOSTILE)})


@given(st.sampled_from(["a", "ab"]), st.sampled_from(["a", "ab"]), st.sampled_from(["probes", "probes.kernels.cpu.x"]))
def test_names_and_reasons_from_files_are_harmless_and_fit(a: str, b: str, gap: str) -> None:
    texts = [render(explain(hostile(a), hostile(b, gap))), render_manifest(hostile(a))]

    for text in texts:
        assert not HARMFUL.search(text.replace("\n", ""))
        assert [] == [line for line in text.splitlines() if cell_len(line) > 80]


def test_kernels_that_moved_are_told_once_and_missing_ones_bear_on_nothing() -> None:
    a = Manifest(probes=Probes(kind="default", kernels={"cpu": {"sum": sampled(1), "dot": sampled(1)}}))
    b = Manifest(probes=Probes(kind="default", kernels={"cpu": {"sum": sampled(2)}}))

    expected = """\
 divergent  They will not agree bit for bit: 1 of 1 kernel differs, typically
            by 0.5 relative.

 drift          1 of 1 kernel moved
   other        1 of 1 moved  ██████████  0.5
 largest        sum  1 of 1  8.4e+06 ULP  0.5
 not compared   dot on b: not run
"""
    assert expected == render(explain(a, b))


def test_a_device_that_failed_is_unknown_and_says_why() -> None:
    gaps = {"probes.kernels.cuda:0": Gap(kind="failed", reason="no driver")}
    a = Manifest(probes=Probes(kind="default", kernels={"cpu": {"sum": sampled(1)}}), gaps=gaps)

    assert " unknown        probes.kernels.cuda:0 could not be read\n" in render(explain(a, a))


def test_a_manifest_shows_its_probes_in_a_line_for_each_device() -> None:
    steady = {"error_ulp": 0.5, "outputs": 1}
    kernels = {
        "exp-f32": sampled(1).model_copy(update=steady),
        "sum-long-f32": sampled(2).model_copy(update={**steady, "error_ulp": 3.125}),
    }
    unsteady = {"index-add": sampled(1).model_copy(update={"outputs": 4, "accuracy": "wrong"})}
    orders = {"sum": Order(version=1, terms=8, digest="sha256:a", tree="", words="pairwise")}
    probes = Probes(kind="default", kernels={"cpu": kernels, "cuda:0": unsteady}, orders={"cpu": orders})

    expected = """\
 probes
     kind                      default
     cpu                       2 kernels, rounding explains every error, all
                               repeat
     cuda:0                    1 kernel, wrong: index-add, unsteady: index-add
     order cpu sum             pairwise
"""
    assert expected in render_manifest(Manifest(probes=probes))
