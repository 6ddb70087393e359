"""Generators of devices: stand-ins of GPUs that are not here, with the methods that torch's generators have."""

import random
from types import SimpleNamespace
from typing import Any

import pytest

from envprint.collectors.rng import (
    collect_rng,
    collect_unseeded_rng,
    cuda_generators,
    device_generators,
    xpu_generators,
)
from envprint.manifest.gaps import Gaps

pytestmark = pytest.mark.torch

DRAWN = 2941188220293195  # 53 bits, as torch draws for CUDA and XPU


class Philox:
    """A default generator of a GPU: its state is its seed and its offset, 8 bytes each, on the CPU."""

    def __init__(self, seed: int, offset: int = 0) -> None:
        self.seed, self.offset = seed, offset

    def initial_seed(self) -> int:
        return self.seed

    def get_offset(self) -> int:
        return self.offset

    def get_state(self) -> Any:
        import torch

        words = self.seed.to_bytes(8, "little") + self.offset.to_bytes(8, "little")
        return torch.tensor(list(words), dtype=torch.uint8)


def module(*generators: Philox, used: bool = True) -> Any:
    """Return what torch.cuda and torch.xpu have."""
    return SimpleNamespace(is_initialized=lambda: used, default_generators=generators)


def torch_with(**modules: Any) -> Any:
    """Return torch with these modules of devices."""
    import torch

    return SimpleNamespace(**{"cuda": module(used=False), "Tensor": torch.Tensor, "_C": torch._C, **modules})


@pytest.mark.parametrize(
    ("seed", "expected"),
    [(0, True), (2**32 - 1, True), (2**36, None), (2**40, False), (67280421310721, False), (DRAWN, False)],
)
def test_a_gpu_that_nobody_seeded_is_told_by_the_size_of_its_seed(seed: int, expected: object) -> None:
    found = cuda_generators(torch_with(cuda=module(Philox(7), Philox(seed, 8))))

    assert {"cuda:0": True, "cuda:1": expected} == {name: each.seeded for name, each in found.items()}
    assert (seed, 8, "Philox4x32-10") == (found["cuda:1"].seed, found["cuda:1"].offset, found["cuda:1"].algorithm)


def test_intel_s_gpus_are_read_once_they_are_in_use() -> None:
    (name, found), *others = xpu_generators(torch_with(xpu=module(Philox(DRAWN, 4)))).items()

    assert ("xpu:0", DRAWN, False, 4, []) == (name, found.seed, found.seeded, found.offset, others)
    assert {} == xpu_generators(torch_with(xpu=module(Philox(7), used=False)))
    assert {} == xpu_generators(torch_with())  # torch before 2.4


def test_the_state_of_a_gpu_moves_with_what_was_drawn() -> None:
    before, after = (device_generators(torch_with(cuda=module(Philox(7, offset)))) for offset in (0, 4))

    assert before["cuda:0"].state != after["cuda:0"].state


def test_a_fresh_process_s_gpus_that_nobody_seeded_are_no_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def fresh(first: int, second: int) -> Any:
        monkeypatch.setattr(torch, "cuda", module(Philox(first), Philox(second)))
        monkeypatch.setattr(torch, "xpu", module(used=False), raising=False)
        return collect_unseeded_rng(Gaps("rng")).devices

    drawn = [random.Random(seed).randrange(2**40, 2**53) for seed in (1, 2)]  # noqa: S311 - any two numbers

    assert fresh(drawn[0], 7) == fresh(drawn[1], 7)
    unseeded, seeded = fresh(drawn[0], 7).values()
    assert (None, None, False) == (unseeded.seed, unseeded.state, unseeded.seeded)
    assert (7, True) == (seeded.seed, seeded.seeded)


def test_a_running_process_s_gpus_keep_the_seed_that_they_drew(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch, "cuda", module(Philox(DRAWN)))
    devices = collect_rng(Gaps("rng")).devices

    assert devices is not None
    assert (DRAWN, False) == (devices["cuda:0"].seed, devices["cuda:0"].seeded)


def test_a_generator_of_another_kind_than_numpys_own_is_told_of_and_warns_of_nothing() -> None:
    import warnings

    import numpy as np

    from envprint.collectors.rng import numpy_generator

    before = np.random.get_bit_generator()  # type: ignore[attr-defined]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.random.set_bit_generator(np.random.PCG64(1))  # type: ignore[attr-defined]
            found = numpy_generator(np.random)
            np.random.rand()  # noqa: NPY002
            drawn = numpy_generator(np.random)
    finally:
        np.random.set_bit_generator(before)  # type: ignore[attr-defined]

    assert "PCG64" == found.algorithm == drawn.algorithm
    assert found.state != drawn.state
