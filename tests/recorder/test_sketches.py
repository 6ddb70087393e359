"""What sketches tell of how far apart two tensors are."""

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from envprint.causes.runs.modules import Call, distance  # noqa: E402
from envprint.models.values import come  # noqa: E402
from envprint.recorder.sketching import look_at  # noqa: E402

pytestmark = pytest.mark.torch


def call(tensor: Any) -> Call:
    dtype, norm, sketch = map(come, look_at([tensor], torch))
    return Call("forward", "layer", "", "", norm, sketch, dtype)


def far(one: Any, other: Any) -> float:
    found = distance(call(one), call(other))
    assert found is not None
    return found


@pytest.mark.parametrize("count", [1, 7, 1000, 65524, 200_000])
@pytest.mark.parametrize("size", [1e-6, 1e-3, 0.5])
def test_they_tell_about_how_far_apart_two_are(count: int, size: float) -> None:
    generator = torch.Generator().manual_seed(count)
    one, change = (torch.randn(count, generator=generator) for _ in range(2))
    other = one + size * change

    exact = float((other - one).norm() / max(one.norm(), other.norm()))
    assert exact / 6 - 1e-7 < far(one, other) < exact * 6 + 1e-7


def test_the_same_numbers_in_another_order_or_with_other_signs_are_far_apart() -> None:
    one = torch.randn(5000, generator=torch.Generator().manual_seed(1))

    assert far(one, one.flip(0)) > 0.1
    assert far(one, -one) > 0.1
    assert far(one.view(50, 100), one.view(50, 100).roll(1, 0)) > 0.1


def test_one_number_among_many_is_seen() -> None:
    one = torch.ones(100_000)
    other = one.clone()
    other[5000] = 100

    assert far(one, other) > 0.01


def test_what_has_no_distance_has_none() -> None:
    one = torch.ones(4)

    assert distance(call(one), call(one / 0)) is None
    assert distance(call(one), call(one.double())) is None
    assert distance(call(one), call(one.long())) is None
    assert distance(call(one * 0), call(one * 0)) == 0
    assert math.isclose(float(call(one.to(torch.complex64)).norm), 2)


def test_no_generator_is_drawn_from() -> None:
    before = torch.get_rng_state()
    call(torch.ones(70_000))

    assert torch.equal(before, torch.get_rng_state())
