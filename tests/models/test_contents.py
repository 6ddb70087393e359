"""How contents differ: each state by its own example, figures as probes.bits has them, and bounded memory."""

import itertools
import re
import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.models.contents import ContentDrift, compare_contents
from envprint.models.tensors import TensorContent
from envprint.probes.bits import LAYOUTS, WHOLE, relative_difference, ulp_distance, value

pytestmark = pytest.mark.torch

MIB = 1 << 20


def drift(a: Any, b: Any) -> ContentDrift:
    return compare_contents(TensorContent(a), TensorContent(b))


def noise(*shape: int, dtype: str = "float32") -> Any:
    import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(getattr(torch, dtype))


def tensor_of(bits: list[int], dtype: str) -> Any:
    import torch

    content = struct.pack(f"={len(bits)}{WHOLE[LAYOUTS[dtype].width]}", *bits)
    return torch.frombuffer(bytearray(content), dtype=getattr(torch, dtype))


def pattern(dtype: str) -> st.SearchStrategy[int]:
    layout = LAYOUTS[dtype]
    top = 1 << (8 * layout.width - 1)
    special = [0, 1, layout.infinity - 1, layout.infinity, layout.infinity + 1, top, top + 1, top + layout.infinity]
    highest = 1 if dtype == "bool" else 2 * top - 1
    return st.integers(0, highest) | st.sampled_from([bits % (highest + 1) for bits in special])


bit_patterns = st.sampled_from(sorted(LAYOUTS)).flatmap(
    lambda dtype: st.tuples(
        st.just(dtype), st.lists(st.tuples(pattern(dtype), pattern(dtype)), min_size=1, max_size=20), st.booleans()
    )
)


@given(bit_patterns)
def test_figures_are_those_of_the_probes(drawn: tuple[str, list[tuple[int, int]], bool]) -> None:
    dtype, pairs, tame = drawn
    if tame:  # most patterns hold NaN or infinity
        pairs = [pair for pair in pairs if all(abs(value(bits, dtype)) < float("inf") for bits in pair)] or [(0, 0)]
    steps = [ulp_distance(a, b, dtype) for a, b in pairs]
    found = drift(*(tensor_of([pair[side] for pair in pairs], dtype) for side in (0, 1)))

    assert sum(a != b for a, b in pairs) == found.differing
    assert (None if None in steps else max(step for step in steps if step is not None)) == found.max_ulp
    assert relative_difference(pairs, dtype) == found.relative


@given(bit_patterns)
def test_the_other_way_round_is_the_mirror(drawn: tuple[str, list[tuple[int, int]], bool]) -> None:
    dtype, pairs, _ = drawn
    a, b = (tensor_of([pair[side] for pair in pairs], dtype) for side in (0, 1))

    assert mirrored(drift(a, b)) == drift(b, a)


def mirrored(found: ContentDrift) -> ContentDrift:
    detail = re.sub(r"\b[ab]\b", lambda side: "b" if side[0] == "a" else "a", found.detail)
    return ContentDrift(found.state, found.differing, found.count, found.max_ulp, found.relative, detail)


def test_infinity_is_a_step_beyond_the_largest_number() -> None:
    bits = [(0, 1), (0x4000_0000_0000_0001, 0x7FF0_0000_0000_0000)]

    found = drift(*(tensor_of([pair[side] for pair in bits], "float64") for side in (0, 1)))
    assert (0x3FEF_FFFF_FFFF_FFFF, None) == (found.max_ulp, found.relative)


def test_the_same_numbers_are_identical_wherever_they_lie() -> None:
    tensor = noise(300, 400)

    assert ContentDrift("identical", 0, 120_000, 0, 0.0) == drift(tensor, tensor.t().contiguous().t())


@pytest.mark.parametrize("place", [0, 3 * MIB // 2, -1])
def test_one_number_differs_against_the_largest_of_all(place: int) -> None:
    a = noise(2 * MIB)
    a[MIB // 4], a[place] = -1000.0, 3.0
    b = a.clone()
    b[place] = 4.0

    assert ContentDrift("differs", 1, 2 * MIB, 1 << 22, 0.001) == drift(a, b)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int16", "int64", "complex64"])
def test_the_other_sign_everywhere_is_negated(dtype: str) -> None:
    import torch

    numbers = (100 * noise(1000)).to(getattr(torch, dtype))

    assert "negated" == drift(numbers, -numbers).state
    assert "differs" == drift(numbers, torch.cat([-numbers[:-1], numbers[-1:] + 7])).state


def test_one_sign_is_not_negated() -> None:
    import torch

    assert ContentDrift("differs", 1, 3, 0, 0.0) == drift(torch.tensor([0.0, 1, 2]), torch.tensor([-0.0, 1, 2]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int64", "int8", "complex128"])
def test_the_same_numbers_in_another_order_are_permuted(dtype: str) -> None:
    import torch

    numbers = (50 * noise(500)).to(getattr(torch, dtype))

    assert "permuted" == drift(numbers, numbers.roll(3)).state
    assert "permuted" == drift(numbers, numbers.roll(3).view(5, 100)).state
    assert "permuted" != drift(numbers, torch.cat([numbers[1:], numbers[1:2]])).state


def test_the_same_numbers_unequally_often_are_not_permuted() -> None:
    import torch

    found = drift(torch.tensor([1, 1, 2, 3, 5]), torch.tensor([2, 2, 1, 4, 3]))
    assert "differs" == found.state


@pytest.mark.parametrize("axes", [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 5, 5), (3, 3, 4)])
def test_moved_axes_are_transposed(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    tensor = noise(*shape)

    found = drift(tensor, tensor.permute(axes))
    assert ("transposed", f"b is a.permute{axes}") == (found.state, found.detail)


def test_what_is_only_reshaped_differs() -> None:
    tensor = noise(4, 6)

    assert ContentDrift("differs", 0, 24, 0, 0.0, "same numbers in another shape") == drift(tensor, tensor.view(3, 8))
    assert "transposed" == drift(tensor, tensor.t()).state
    assert "permuted" == drift(tensor, tensor.t().reshape(3, 8)).state


def test_other_counts_have_no_counterparts() -> None:
    import torch

    assert ContentDrift("differs", None, 5, detail="shape (4,) against (5,)") == drift(torch.ones(4), torch.ones(5))


FLOATS = ["bfloat16", "float16", "float32", "float64"]
ODD = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e-45, 1e-7, 65519.99, 65520.0, 3.4e38, 1e300]
TIES = [1 + 2**-11 + 2**-40, 1 + 2**-8 + 2**-40, 1 + 3 * 2**-9, 1 + 2**-24]


@pytest.mark.parametrize(("narrow", "wide"), [*itertools.combinations(FLOATS, 2), ("float16", "bfloat16")])
def test_numbers_rounded_to_a_narrower_type_are_recast(narrow: str, wide: str) -> None:
    import torch

    a = torch.cat([noise(1000, dtype="float64"), torch.tensor([*ODD, *TIES], dtype=torch.float64)])
    a = a.to(getattr(torch, wide))
    b = a.to(getattr(torch, narrow))

    assert ContentDrift("recast", 0, 1015, 0, 0.0, f"b is a rounded to {narrow}") == drift(a, b)
    assert ContentDrift("recast", 0, 1015, 0, 0.0, f"a is b rounded to {narrow}") == drift(b, a)


def test_float64_may_be_rounded_to_float16_at_once() -> None:
    import numpy as np
    import torch

    a = torch.tensor(TIES, dtype=torch.float64)
    at_once = struct.unpack("4h", np.array(TIES).astype("f2").tobytes())

    assert "recast" == drift(a, torch.tensor(at_once, dtype=torch.int16).view(torch.float16)).state


def test_another_rounding_is_measured_in_the_narrower_type() -> None:
    import torch

    a = noise(1000)
    b = (a.view(torch.int32) >> 16).to(torch.int16).view(torch.bfloat16)  # towards zero

    found = drift(a, b)
    assert ("differs", 1, "float32 against bfloat16, measured in bfloat16") == (
        found.state,
        found.max_ulp,
        found.detail,
    )
    assert int((a.bfloat16() != b).sum()) == found.differing
    assert mirrored(found).differing == drift(b, a).differing


@pytest.mark.parametrize("pair", [("int64", "int32"), ("int8", "uint8"), ("bool", "int64"), ("uint32", "int16")])
def test_equal_whole_numbers_of_another_type_are_recast(pair: tuple[str, str]) -> None:
    import torch

    a, b = (torch.tensor([0, 1, 1, 0]).to(getattr(torch, name)) for name in pair)

    assert ContentDrift("recast", 0, 4, 0, 0.0, "the same whole numbers") == drift(a, b)
    assert ContentDrift("differs", 2, 4, 1, 1.0, f"{pair[0]} against {pair[1]}, measured in int64") == drift(
        a, b.roll(1)
    )


def test_a_sign_that_the_other_type_lacks_is_no_equality() -> None:
    import torch

    assert ContentDrift("differs", 1, 1, 256, 256 / 255, "int8 against uint8, measured in int64") == drift(
        torch.tensor([-1], dtype=torch.int8), torch.tensor([255], dtype=torch.uint8)
    )


def test_types_without_a_common_one_have_no_figures() -> None:
    import torch

    assert ContentDrift("differs", None, 3, detail="float32 against int32") == drift(torch.ones(3), torch.ones(3).int())


@pytest.mark.parametrize(
    ("dtype", "narrow"),
    [("float32", "float16"), ("float32", "bfloat16"), ("float64", "float32"), ("complex64", "float16")],
)
def test_numbers_that_went_through_a_narrower_type_are_told(dtype: str, narrow: str) -> None:
    import torch

    parts = noise(3000, 2, dtype="float64" if dtype == "float64" else "float32")
    rounded = parts.to(getattr(torch, narrow)).to(parts.dtype)
    a, b = (torch.view_as_complex(each) if dtype == "complex64" else each for each in (parts, rounded))

    found = drift(a, b)
    assert ("differs", f"b is a rounded to {narrow}") == (found.state, found.detail)
    assert mirrored(found) == drift(b, a)


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_float8_is_measured_as_torch_reads_it(dtype: str) -> None:
    import torch

    bits = torch.arange(256, dtype=torch.uint8)
    for shift in (1, 7, 120):
        a, b = bits.view(getattr(torch, dtype)), bits.roll(shift).view(getattr(torch, dtype))
        left, right = a.double(), b.double()
        finite = left.isfinite() & right.isfinite()
        norm = max(left[finite].abs().max(), right[finite].abs().max())

        found = drift(a[finite], b[finite])
        assert float((left - right)[finite].abs().max() / norm) == found.relative
        assert None is drift(a, b).max_ulp


def test_steps_of_float8_are_those_between_its_numbers() -> None:
    import torch

    a = torch.tensor([0x00, 0x7E, 0x80, 0x81], dtype=torch.uint8).view(torch.float8_e4m3fn)
    b = torch.tensor([0x80, 0x7C, 0x00, 0x01], dtype=torch.uint8).view(torch.float8_e4m3fn)

    assert (4, 2) == (drift(a, b).differing, drift(a, b).max_ulp)


def test_types_that_are_no_numbers_are_compared_by_their_bits() -> None:
    import torch

    a = torch.arange(4, dtype=torch.uint8).view(torch.float8_e8m0fnu)
    b = torch.tensor([0, 1, 2, 9], dtype=torch.uint8).view(torch.float8_e8m0fnu)

    assert ContentDrift("differs", 1, 4) == drift(a, b)
    assert ContentDrift("identical", 0, 4, 0, 0.0) == drift(a, a.clone())


def test_a_complex_number_differs_once() -> None:
    import torch

    a = torch.tensor([1 + 2j, 3 + 4j, 5 + 6j])

    found = drift(a, a + torch.tensor([0, 2 + 3j, 1j]))
    assert (2, 3 / 7) == (found.differing, found.relative)


@pytest.mark.parametrize("shape", [(0,), (2, 0), ()])
def test_the_smallest_tensors_compare(shape: tuple[int, ...]) -> None:
    import torch

    one = torch.ones(shape)

    assert "identical" == drift(one, one.clone()).state
    assert "recast" == drift(one, one.half()).state


@pytest.mark.parametrize("change", ["none", "all", "order"])
def test_memory_is_bounded(change: str) -> None:
    a = noise(2048, 2048).t()  # 16 MiB
    b = {"none": a, "all": a * 1.5, "order": a.flip(0)}[change]
    tracemalloc.start()
    try:
        found = drift(a, b)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert {"none": "identical", "all": "differs", "order": "permuted"}[change] == found.state
    assert peak < 6 * MIB


def test_blocks_of_a_view_copy_no_more_than_a_piece() -> None:
    view = noise(64, 100, 100).permute(2, 0, 1)[:, 1:, ::2]
    content = TensorContent(view)

    assert b"".join(map(bytes, content.blocks(4096))) == b"".join(
        map(bytes, TensorContent(view.contiguous()).blocks(48))
    )
    assert {4096} == {len(block) for block in list(content.blocks(4096))[:-1]}


def test_a_place_is_where_numbers_lie() -> None:
    tensor = noise(4, 4)
    place = TensorContent(tensor).place

    assert place == TensorContent(tensor.view(4, 4)).place
    assert 4 == len({place, *(TensorContent(view).place for view in (tensor.t(), tensor[1:], tensor.clone()))})
