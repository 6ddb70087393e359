"""Inputs of the probes: the same for ever, exact in their type, and nothing of torch's state reaches them."""

import hashlib
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.probes.inputs import SIGNIFICAND_BITS, Inputs, hashes, powers, steps

DTYPES = list(SIGNIFICAND_BITS)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
COUNT = 4099


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def finalize(word: int) -> int:
    """Return MurmurHash3's 32-bit finalizer, as its author wrote it (MurmurHash3.cpp, fmix32)."""
    word ^= word >> 16
    word = word * 0x85EBCA6B % 2**32
    word ^= word >> 13
    word = word * 0xC2B2AE35 % 2**32
    return word ^ word >> 16


@pytest.fixture
def torch_set_otherwise() -> Iterator[Any]:
    """Return torch with another default type and seed, and put all back."""
    import torch

    dtype, state = torch.get_default_dtype(), torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(99)
    try:
        yield torch
    finally:
        torch.set_default_dtype(dtype)
        torch.set_rng_state(state)


def make_all(torch: Any, dtype: str, *, exact: bool = False) -> dict[str, Any]:
    """Return one of each kind of inputs."""
    x = Inputs(torch, dtype, exact=exact)
    return {
        "uniform": x.uniform("golden", COUNT),
        "scaled": x.uniform("golden", 3, 5, scale=-3),
        "opposed": x.opposed("golden", COUNT),
        "positive": x.positive("golden", COUNT),
        "integers": x.integers("golden", COUNT, below=61),
    }


def test_hashes_are_murmurs_finalizer_of_the_index() -> None:
    import zlib

    start = zlib.crc32(b"golden")

    assert [finalize((place * 0x9E3779B1 + start) % 2**32) for place in range(COUNT)] == hashes(
        "golden", COUNT
    ).tolist()


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float64", "ccf0a9bc1e64f2cd"),
        ("float32", "fe1b4bb9b1e43429"),
        ("float16", "dbe6c407d1479b87"),
        ("bfloat16", "f1c0f172bcf2d079"),
    ],
)
def test_steps_are_the_same_for_ever(dtype: str, expected: str) -> None:
    assert expected == digest(steps("golden", COUNT, dtype).astype("<f8").tobytes())


def test_hashes_are_the_same_for_ever() -> None:
    assert "dca0afdd80b544cf" == digest(hashes("golden", COUNT).astype("<u4").tobytes())


@given(NAMES, st.sampled_from(DTYPES), st.integers(-20, 20))
def test_steps_lie_between_minus_one_and_one_times_the_scale(name: str, dtype: str, scale: int) -> None:
    values = steps(name, 64, dtype, scale) * 2.0**-scale

    assert bool(((values >= -1) & (values < 1)).all())


@given(NAMES, st.sampled_from(DTYPES))
def test_steps_need_no_more_bits_than_the_type_has(name: str, dtype: str) -> None:
    parts = [Fraction(value) for value in steps(name, 64, dtype).tolist() if value]
    odd = [abs(part.numerator) // (part.numerator & -part.numerator) for part in parts]

    assert all(number.bit_length() <= SIGNIFICAND_BITS[dtype] for number in odd)


@given(NAMES)
def test_another_name_gives_other_inputs(name: str) -> None:
    assert hashes(name, 64).tolist() != hashes(f"{name}, other", 64).tolist()


@given(NAMES, st.integers(0, 100), st.integers(0, 100))
def test_fewer_inputs_are_the_first_of_more(name: str, count: int, more: int) -> None:
    assert hashes(name, count).tolist() == hashes(name, count + more).tolist()[:count]


def test_powers_reach_from_one_to_a_128th() -> None:
    assert [2.0**-power for power in range(7, -1, -1)] == sorted(set(powers("golden", COUNT).tolist()))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", DTYPES)
def test_inputs_are_exact_in_their_type(dtype: str) -> None:
    import torch

    typed, precise = make_all(torch, dtype), make_all(torch, dtype, exact=True)

    for name, values in typed.items():
        assert torch.equal(values.double(), precise[name].double()), name


@pytest.mark.torch
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float64", "f8183cec12c6490b"),
        ("float32", "f5315f5f14f5f588"),
        ("float16", "b1ad114931882414"),
        ("bfloat16", "856d9083aa847166"),
    ],
)
def test_inputs_are_the_same_for_ever(dtype: str, expected: str) -> None:
    import torch

    made = make_all(torch, dtype, exact=True).values()

    assert expected == digest(b"".join(each.double().numpy().astype("<f8").tobytes() for each in made))


@pytest.mark.torch
def test_nothing_of_torchs_state_reaches_the_inputs(torch_set_otherwise: Any) -> None:
    torch = torch_set_otherwise
    state = torch.get_rng_state()
    with torch.device("meta"):
        inside = make_all(torch, "float32")

    assert torch.equal(state, torch.get_rng_state())
    assert {"cpu"} == {values.device.type for values in inside.values()}
    assert {torch.float32, torch.int64} == {values.dtype for values in inside.values()}
    assert steps("golden", COUNT, "float32").tolist() == inside["uniform"].tolist()


@pytest.mark.torch
def test_positive_inputs_are_above_zero_and_at_most_one() -> None:
    import torch

    for dtype in DTYPES:
        values = Inputs(torch, dtype).positive("golden", COUNT).double()

        assert 0 < float(values.min()) < float(values.max()) <= 1


@pytest.mark.torch
def test_positive_inputs_may_be_scaled() -> None:
    import torch

    x = Inputs(torch)

    assert torch.equal(x.positive("golden", COUNT) * 8, x.positive("golden", COUNT, scale=3))


@pytest.mark.torch
def test_integers_reach_every_value_below_the_limit() -> None:
    import torch

    assert set(range(61)) == set(Inputs(torch).integers("golden", COUNT, below=61).tolist())


@pytest.mark.torch
@pytest.mark.parametrize("dtype", DTYPES)
def test_opposed_inputs_leave_a_step_or_nothing_of_the_uniform_ones(dtype: str) -> None:
    import torch

    x = Inputs(torch, dtype, exact=True)
    rest = -(x.uniform("golden", COUNT) + x.opposed("golden", COUNT))
    steps_left = rest.numpy() / (2.0 ** (1 - SIGNIFICAND_BITS[dtype]) * powers("golden", COUNT))

    assert {0.0, 1.0} == set(steps_left.tolist())
    assert 0.4 < steps_left.mean() < 0.6


@pytest.mark.torch
def test_a_sum_of_inputs_depends_on_its_order() -> None:
    import torch

    values = Inputs(torch).uniform("golden", COUNT).numpy()
    forwards, backwards = values[0], values[-1]
    for value in values[1:]:
        forwards = forwards + value
    for value in values[-2::-1]:
        backwards = backwards + value

    assert forwards != backwards
    assert math.isclose(forwards, backwards, rel_tol=1e-3)
