"""The shipped references are what the script makes, what the formulas say, and exact where float64 falls short."""

import base64
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from formulas import FORMULAS, outputs_of

from envprint.probes import references
from envprint.probes.exact import exact
from envprint.probes.inputs import Inputs, steps
from envprint.probes.make_references import make_references
from envprint.probes.outputs import SAMPLES, places
from envprint.probes.references import reference_of
from envprint.probes.table import BY_NAME, PROBES

SHIPPED = Path(references.__file__).with_name(references.FILE)
REFERENCED = [probe.name for probe in PROBES if probe.referenced]
EVALUATED = 1e-12  # of the largest: what evaluations in float64 differ by from machine to machine
AMPLIFIED = 1e-9  # after 20 steps of training
EXACT = ["exp-f64", "sum-long-f64", "matmul-square-f64", "numpy-exp-f64", "numpy-dot-f64", "builtin-sum-f64",
         "math-f64", "exp-f32", "pow-f32", "sum-cancel-f32", "matvec-f32", "linear-2-f32"]  # fmt: skip


def largest_difference(a: tuple[float, ...], b: Any) -> float:
    """Return the largest difference, relative to the largest number."""
    return float(np.abs(np.array(a) - np.array(b)).max() / np.abs(np.array(a)).max())


def floats(text: str) -> tuple[float, ...]:
    return tuple(np.frombuffer(base64.b64decode(text), "<f8").tolist())


def allowed(name: str) -> float:
    return AMPLIFIED if name == "training-f32" else EVALUATED


def value(name: str, place: int) -> Fraction:
    """Return a shipped value exactly."""
    reference = reference_of(name, BY_NAME[name].version)
    assert reference is not None

    return Fraction(reference.high[place]) + Fraction(reference.low[place])


def steps_of(name: str, *shape: int) -> list[Fraction]:
    """Return inputs of float64 exactly."""
    return [Fraction(each) for each in steps(name, math.prod(shape), "float64").tolist()]


def is_close(exact_value: Fraction, shipped: Fraction) -> bool:
    """Tell whether two numbers agree to twice the precision of float64."""
    return abs(exact_value - shipped) <= abs(exact_value) * Fraction(1, 2**104)


def test_the_file_is_small_and_sorted() -> None:
    content = SHIPPED.read_text()
    entries = json.loads(content)

    assert len(content) <= 150_000
    assert sorted(entries) == list(entries)
    assert content.endswith("}\n")
    assert " " not in content


def test_each_probe_that_has_a_reference_has_it_of_its_version() -> None:
    entries = json.loads(SHIPPED.read_text())

    assert sorted(REFERENCED) == sorted(entries)
    assert [] == [name for name in REFERENCED if reference_of(name, BY_NAME[name].version) is None]
    assert [] == [name for name in REFERENCED if reference_of(name, BY_NAME[name].version + 1) is not None]


def test_only_float64_needs_a_second_number() -> None:
    entries = json.loads(SHIPPED.read_text())

    assert [name for name in sorted(REFERENCED) if BY_NAME[name].dtype == "float64"] == [
        name for name, entry in entries.items() if "low" in entry
    ]


def test_values_are_finite_and_no_more_than_are_sampled() -> None:
    for name in REFERENCED:
        reference = reference_of(name, BY_NAME[name].version)

        assert reference is not None
        assert 0 < len(reference.high) == len(reference.low) <= SAMPLES
        assert all(math.isfinite(number) for number in (*reference.high, *reference.low))
        assert reference.largest > 0


def test_what_is_not_known_has_no_reference() -> None:
    assert reference_of("no-such-probe", 1) is None


@pytest.mark.torch
@pytest.mark.parametrize("name", FORMULAS)
def test_each_reference_is_what_its_formula_says(name: str) -> None:
    reference, outputs = reference_of(name, BY_NAME[name].version), outputs_of(name, BY_NAME[name].dtype)

    assert reference is not None
    assert largest_difference(reference.high, outputs[list(places(outputs.size))]) < allowed(name)


def test_every_reference_has_a_formula() -> None:
    assert sorted(REFERENCED) == sorted(FORMULAS)


@pytest.mark.slow
@pytest.mark.torch
def test_the_file_is_what_the_script_makes() -> None:
    made, shipped = make_references(), json.loads(SHIPPED.read_text())

    assert sorted(made) == sorted(shipped)
    for name, entry in made.items():
        old = shipped[name]

        assert (entry["version"], "low" in entry) == (old["version"], "low" in old)
        assert largest_difference(floats(old["high"]), floats(entry["high"])) < allowed(name)


@pytest.mark.torch
@pytest.mark.parametrize("name", EXACT)
def test_exact_values_are_the_same_to_the_last_bit_on_every_machine(name: str) -> None:
    assert json.loads(SHIPPED.read_text())[name] == make_references([BY_NAME[name]])[name]


@pytest.mark.slow
def test_a_long_sum_is_exact() -> None:
    assert is_close(sum(steps_of("long", 262_147), Fraction()), value("sum-long-f64", 0))


def test_sums_of_rows_are_exact() -> None:
    terms = steps_of("builtin", 32, 257)
    sums = [sum(terms[257 * row : 257 * (row + 1)], Fraction()) for row in range(32)]

    assert all(is_close(each, value("builtin-sum-f64", row)) for row, each in enumerate(sums))


@pytest.mark.slow
def test_a_long_product_is_exact() -> None:
    pairs = zip(steps_of("left", 100_003), steps_of("right", 100_003), strict=True)

    assert is_close(sum((a * b for a, b in pairs), Fraction()), value("numpy-dot-f64", 0))


def test_a_product_of_matrices_is_exact() -> None:
    left, right = steps_of("left", 96, 96), steps_of("right", 96, 96)
    for sample, place in enumerate(places(96 * 96)):
        row, column = divmod(place, 96)
        product = sum((left[96 * row + k] * right[96 * k + column] for k in range(96)), Fraction())

        assert is_close(product, value("matmul-square-f64", sample))


@pytest.mark.torch
def test_functions_of_float64_are_known_to_twice_its_precision() -> None:
    import torch

    values = Inputs(torch, "float64").uniform("exp", 4_099, scale=3).tolist()
    with mpmath.workdps(60):
        for sample, place in enumerate(places(4_099)):
            expected = mpmath.exp(values[place])
            shipped = value("exp-f64", sample)
            apart = abs(expected - mpmath.mpf(shipped.numerator) / shipped.denominator)

            assert apart <= expected * mpmath.mpf(2) ** -104


def test_a_stand_in_has_what_it_does_not_replace() -> None:
    assert math.pi == exact(math).pi
    assert mpmath.mpf(math.fsum([0.1, 0.2])) != exact(math).fsum([0.1, 0.2])
    assert abs(float(exact(math).sin(0.5)) - math.sin(0.5)) < 1e-16


@pytest.mark.torch
def test_a_stand_in_shows_only_what_is_sampled() -> None:
    import torch

    rows = torch.arange(1000.0, dtype=torch.float64).reshape(200, 5)

    assert [float(5 * (5 * place + 2)) for place in places(200)] == [
        float(each) for each in exact(torch).sum(rows, dim=1)
    ]
    assert [math.exp(-place) for place in places(1000)] == [float(each) for each in exact(torch).exp(-rows)]
