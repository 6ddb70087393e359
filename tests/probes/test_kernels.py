"""Each kernel computes what its formula says, and a kernel that is wrong is found."""

import platform
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from formulas import FORMULAS, outputs_of

from envprint.collectors.cpu import collect_cpu
from envprint.manifest import Gap
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.probes import Probe as Result
from envprint.probes.bench import Bench, ignore, import_library
from envprint.probes.bits import LAYOUTS
from envprint.probes.inputs import Inputs
from envprint.probes.kernels.products import X86
from envprint.probes.outputs import Output, output_of
from envprint.probes.probe import Build, Probe, Run
from envprint.probes.table import BY_NAME, PROBES

pytestmark = pytest.mark.torch

DEFAULT = [probe for probe in PROBES if probe.cpu and not probe.full]
WITH_FORMULA = [probe.name for probe in DEFAULT if probe.name in FORMULAS]


def measure(*probes: Probe) -> tuple[dict[str, Result], dict[str, Gap]]:
    """Return what probes give on this machine's CPU, and their gaps."""
    gaps = Gaps("probes")
    bench = Bench("cpu", "cpu", import_library, gaps)
    bench.measure_all(probes, ignore)
    return bench.results, gaps.found


@pytest.fixture(scope="module")
def measured() -> tuple[dict[str, Result], dict[str, Gap]]:
    return measure(*DEFAULT)


@pytest.fixture(scope="module")
def saturates() -> bool:
    """Tell whether sums of quantised products may saturate here: in FBGEMM's kernels for x86 without AVX512 VNNI."""
    return platform.machine() in X86 and "avx512_vnni" not in (collect_cpu(Gaps("cpu")).flags or ())


def run_of(name: str) -> Output:
    probe = BY_NAME[name]
    torch = import_library("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's quantised tensors are deprecated
        return output_of(probe.build(import_library(probe.library), Inputs(torch, probe.dtype))())


def numbers(output: Output) -> Any:
    """Return the numbers of an output as float64."""
    if output.dtype == "bfloat16":
        return (np.frombuffer(output.bits, "<u2").astype("<u4") << 16).view("<f4").astype("float64")
    return np.frombuffer(output.bits, np.dtype(output.dtype).newbyteorder("<")).astype("float64")


def errors(got: Any, expected: Any, dtype: str, *, by_element: bool) -> Any:
    """Return by how many units in the last place of the expected numbers, or of the largest, the others are off."""
    layout = LAYOUTS[dtype]
    size = abs(expected) if by_element else np.full(expected.shape, abs(expected).max())
    units = np.maximum(np.frexp(size)[1] - 1 - layout.fraction, layout.smallest)
    return np.ldexp(abs(got - expected), -units)


@pytest.mark.parametrize("name", WITH_FORMULA)
def test_each_kernel_computes_what_its_formula_says(name: str, saturates: bool) -> None:  # noqa: FBT001 - a fixture
    probe = BY_NAME[name]
    try:
        output = run_of(name)
    except Absent as exc:
        pytest.skip(str(exc))
    expected = outputs_of(name, probe.dtype)
    off = errors(numbers(output), expected, output.dtype, by_element=probe.by_element)

    assert expected.size == len(output.bits) // output.width
    assert off.max() <= probe.bound_ulp or (name == "linear-int8" and saturates)


def test_every_kernel_repeats_its_bits(measured: tuple[dict[str, Result], dict[str, Gap]]) -> None:
    results, _ = measured

    assert {} == {name: result.outputs for name, result in results.items() if result.outputs != 1}


def test_no_kernel_is_wrong_here(measured: tuple[dict[str, Result], dict[str, Gap]], saturates: bool) -> None:  # noqa: FBT001
    results, gaps = measured
    known = {"linear-int8"} if saturates else set()

    assert {} == {name: each.error_ulp for name, each in results.items() if each.accuracy and name not in known}
    assert {} == {path: gap.reason for path, gap in gaps.items() if gap.kind == "failed"}


def test_what_rounds_stays_far_within_its_bound(measured: tuple[dict[str, Result], dict[str, Gap]]) -> None:
    results, _ = measured
    used = {name: (each.error_ulp or 0) / BY_NAME[name].bound_ulp for name, each in results.items()}

    assert {} == {name: part for name, part in used.items() if part > 0.5 and results[name].accuracy is None}


def broken(name: str, build: Build) -> Probe:
    return replace(BY_NAME[name], build=build)


def without_a_term(torch: Any, x: Inputs) -> Run:
    a, b = x.uniform("left", 160, 160), x.uniform("right", 160, 160)
    return lambda: torch.matmul(a[:, 1:], b[1:])


def without_the_last_of_8192_terms(torch: Any, x: Inputs) -> Run:
    a, b = x.uniform("left", 8, 8192), x.uniform("right", 8192, 8)
    return lambda: torch.matmul(a[:, :-1], b[:-1])


def without_a_term_of_halves(torch: Any, x: Inputs) -> Run:
    left, right = x.uniform("left", 64, 256), x.uniform("right", 256, 64)
    a, b = torch.cat([left, left], dim=1), torch.cat([right, x.opposed("right", 256, 64)])
    return lambda: torch.matmul(a[:, 1:], b[1:])


def softmax_without_its_maximum(torch: Any, x: Inputs) -> Run:
    values = x.uniform("scores", 64, 1000, scale=3).half()

    def run() -> Any:
        powers = values.exp()
        return (powers / powers.sum(-1, keepdim=True, dtype=torch.float16)).float()

    return run


def sum_in_halves(torch: Any, x: Inputs) -> Run:
    del torch
    values = x.uniform("long", 262_147).numpy().astype("float16")
    return lambda: values.cumsum(dtype="float16")[-1:].astype("float32")


def one_pass_variance(torch: Any, x: Inputs) -> Run:
    values = x.uniform("values", 4, 8, 12, 12, scale=1) + 1000
    weight, bias = x.uniform("w", 8), x.uniform("b", 8)
    mean = values.mean((0, 2, 3), keepdim=True)
    variance = (values * values).mean((0, 2, 3), keepdim=True) - mean * mean
    functional = torch.nn.functional
    return lambda: functional.batch_norm(values, mean.flatten(), variance.flatten(), weight, bias)


def convolution_of_the_neighbours(torch: Any, x: Inputs) -> Run:
    images, kernel = x.uniform("images", 2, 32, 12, 12), x.uniform("kernel", 32, 32, 3, 3)
    return lambda: torch.nn.functional.conv2d(images, kernel.flip(-1), padding=1)


def nothing_but_nan(torch: Any, x: Inputs) -> Run:
    return lambda: torch.full((160, 160), float("nan"), dtype=x.floating)


def fewer_outputs(torch: Any, x: Inputs) -> Run:
    return lambda: torch.zeros(7, dtype=x.floating)


WRONG: dict[Build, str] = {
    without_a_term: "matmul-square-f32",
    without_the_last_of_8192_terms: "matmul-deep-f32",
    without_a_term_of_halves: "matmul-square-bf16",
    softmax_without_its_maximum: "softmax-f32",
    sum_in_halves: "sum-long-f32",
    one_pass_variance: "batch-norm-f32",
    convolution_of_the_neighbours: "conv2d-3x3-f32",
    nothing_but_nan: "matmul-square-f32",
    fewer_outputs: "matmul-square-f32",
}


@pytest.mark.parametrize("build", WRONG)
def test_a_kernel_that_is_wrong_is_found(build: Build) -> None:
    name = WRONG[build]
    results, _ = measure(broken(name, build))

    assert "wrong" == results[name].accuracy


def coarser(values: Any, bits: int) -> Any:
    """Return float32 rounded to fewer bits: 16 less is bfloat16, 13 less is TF32."""
    half = 1 << (bits - 1)
    return ((values.view(dtype=_int32()) + half) & -(1 << bits)).view(dtype=values.dtype)


def _int32() -> Any:
    return import_library("torch").int32


@pytest.mark.parametrize("bits", [13, 16])
@pytest.mark.parametrize("name", ["matmul-square-f32", "matmul-deep-f32"])
def test_products_of_coarser_factors_are_told_from_wrong_ones(name: str, bits: int) -> None:
    shape = {"matmul-square-f32": (160, 160, 160), "matmul-deep-f32": (8, 8192, 8)}[name]

    def build(torch: Any, x: Inputs) -> Run:
        a, b = x.uniform("left", *shape[:2]), x.uniform("right", *shape[1:])
        return lambda: torch.matmul(coarser(a, bits), coarser(b, bits))

    results, _ = measure(broken(name, build))

    assert "reduced" == results[name].accuracy


@pytest.mark.parametrize("name", ["matmul-square-bf16", "matmul-square-f16"])
def test_halves_whose_partial_sums_are_halves_are_told_from_wrong_ones(name: str) -> None:
    rows, inner = (64, 256) if name.endswith("bf16") else (32, 128)

    def build(torch: Any, x: Inputs) -> Run:
        left = x.uniform("left", rows, inner)
        a, b = x.uniform("right", inner, rows), x.opposed("right", inner, rows)
        return lambda: left.float().matmul(a.float()).to(x.floating) + left.float().matmul(b.float()).to(x.floating)

    results, _ = measure(broken(name, build))

    assert "reduced" == results[name].accuracy


def test_what_flushes_denormals_is_found() -> None:
    import torch

    can = torch.set_flush_denormal(True)  # not on every processor
    try:
        results, _ = measure(BY_NAME["denormals-f32"])
    finally:
        torch.set_flush_denormal(False)

    assert can == (results["denormals-f32"].accuracy == "wrong")


def test_ties_are_sorted_like_any_values() -> None:
    import torch

    values = Inputs(torch).integers("ties", 4, 1024, below=37)
    order = BY_NAME["sort-ties"].build(torch, Inputs(torch))()

    assert torch.equal(values.sort(-1, descending=True).values, values.gather(-1, order))
    assert torch.equal(torch.arange(1024).expand(4, -1), order.sort(-1).values)


def test_rand_draws_the_low_24_bits_of_the_mersenne_twister() -> None:
    words = np.random.RandomState(20).randint(0, 2**32, 4_099, dtype="uint32")

    assert ((words & (2**24 - 1)) / 2**24).tolist() == numbers(run_of("stream-rand")).tolist()


def test_a_shuffled_order_holds_each_sample_once() -> None:
    assert list(range(1000)) == sorted(numbers(run_of("stream-shuffle")).tolist())


def test_streams_leave_the_processs_generators_as_they_were() -> None:
    import torch

    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002 - what is looked at
    for probe in PROBES:
        if probe.name.startswith("stream-"):
            run_of(probe.name)

    assert torch.equal(torch_state, torch.get_rng_state())
    assert str(numpy_state) == str(np.random.get_state())  # noqa: NPY002
