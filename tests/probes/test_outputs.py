"""What is kept of an output: sampled at fixed places, named by all of its bits."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.probes.outputs import SAMPLES, Output, output_of, places

COUNTS = st.integers(0, 10**7)


@given(COUNTS)
def test_places_are_sorted_and_within_the_outputs(count: int) -> None:
    found = places(count)

    assert sorted(set(found)) == list(found)
    assert all(0 <= place < count for place in found)


@given(COUNTS)
def test_as_many_places_are_sampled_as_there_are_outputs_up_to_64(count: int) -> None:
    assert min(count, SAMPLES) == len(places(count))


@given(st.integers(SAMPLES + 1, 10**6))
def test_each_stretch_of_the_outputs_is_sampled_once(count: int) -> None:
    found = places(count)

    assert [stretch * count // SAMPLES for stretch in range(SAMPLES)] <= list(found)
    assert all(place < (stretch + 1) * count // SAMPLES for stretch, place in enumerate(found))


def test_places_are_the_same_for_ever() -> None:
    assert (0, 3, 4, 7, 8, 11, 12) == places(130)[:7]
    assert (0, 8075, 15995, 27103, 31990, 41195, 47985) == places(500_000)[:7]


@given(st.binary(min_size=4, max_size=64).filter(lambda bits: len(bits) % 4 == 0), st.data())
def test_a_digest_changes_with_any_bit(bits: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 8 * len(bits) - 1))
    flipped = bytearray(bits)
    flipped[place // 8] ^= 1 << place % 8

    assert Output("float32", bits, 4).digest == Output("float32", bytes(bits), 4).digest
    assert Output("float32", bits, 4).digest != Output("float32", bytes(flipped), 4).digest


def test_a_digest_changes_with_the_type() -> None:
    assert Output("float32", bytes(4), 4).digest != Output("int32", bytes(4), 4).digest


def test_samples_are_the_bits_at_the_places() -> None:
    output = output_of([float(number) for number in range(1000)])

    assert list(places(1000)) == list(struct.unpack("<64d", output.samples))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int32", "uint8"])
def test_an_array_of_numpy_gives_its_bits(dtype: str) -> None:
    import numpy as np

    array: Any = np.arange(6, dtype=dtype).reshape(2, 3)

    assert Output(dtype, array.tobytes(), array.itemsize) == output_of(array)
    assert output_of(array.T) == output_of(np.ascontiguousarray(array.T))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("bfloat16", b"\x80\x3f\x00\xc0"), ("float16", b"\x00\x3c\x00\xc0"), ("int64", b"\1\0\0\0\xfe\xff\xff\xff")],
)
def test_a_tensor_gives_its_bits(dtype: str, expected: bytes) -> None:
    import torch

    output = output_of(torch.tensor([1, -2], dtype=getattr(torch, dtype)))

    assert ("int32" if dtype == "int64" else dtype, expected) == (output.dtype, output.bits)


@pytest.mark.torch
def test_a_tensor_gives_what_numpy_gives_of_its_values() -> None:
    import numpy as np
    import torch

    rows: Any = np.arange(12, dtype="float32").reshape(3, 4)

    assert output_of(rows.T) == output_of(torch.tensor(rows.tolist()).t())
    assert output_of(rows[:0]) == output_of(torch.empty(0, 4))


@pytest.mark.parametrize("parts", [([1.0], [2.0, 3.0]), [[1.0], [2.0, 3.0]]])
def test_several_results_stand_one_after_the_other(parts: Any) -> None:
    assert output_of([1.0, 2.0, 3.0]) == output_of(parts)


def test_bytes_are_their_own_output() -> None:
    assert Output("uint8", b"\x01\xff", 1) == output_of(b"\x01\xff")
