"""The state of torch's generator of the processor, read in its memory, is the one that it tells."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from envprint.recorder import torch_twister  # noqa: E402
from envprint.recorder.generators import read_torch, states  # noqa: E402

pytestmark = pytest.mark.torch


def waiting(state: Any, number: float) -> Any:
    """Return a state in which a normal number of 32 bits waits, as functions of version 2.13 leave none."""
    told = list(torch_twister.TOLD.unpack(bytes(state.numpy())))
    told[-2:] = [float(number), True]
    return torch.tensor(list(torch_twister.TOLD.pack(*told)), dtype=torch.uint8)


DRAWS: dict[str, Callable[[int], Any]] = {
    "seed": torch.manual_seed,
    "uniform": torch.rand,
    "few normal": lambda number: torch.randn(number % 4),
    "normal": lambda number: torch.randn(number, dtype=torch.float64),
    "again": lambda _: torch.set_rng_state(torch.get_rng_state()),
    "waits": lambda number: torch.set_rng_state(waiting(torch.get_rng_state(), number)),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(DRAWS)), st.integers(0, 700)), max_size=12))
def test_its_digest_is_that_of_what_it_tells_whatever_was_drawn(draws: list[tuple[str, int]]) -> None:
    generator = torch.default_generator
    assert torch_twister.memory_of(generator) is not None
    with torch.random.fork_rng(devices=[]):
        for name, number in draws:
            DRAWS[name](number)
            told = torch_twister.digest(torch_twister._content_of(generator.get_state()))
            assert told == torch_twister.digest_of(generator) == states()["torch"]


def test_states_that_draw_other_numbers_have_other_digests() -> None:
    generator, found = torch.default_generator, []
    with torch.random.fork_rng(devices=[]):
        for name in ("seed", "uniform", "few normal", "few normal", "waits"):
            DRAWS[name](1)
            found.append(torch_twister.digest_of(generator))
        torch.set_rng_state(waiting(torch.get_rng_state(), 2))
        found.append(torch_twister.digest_of(generator))
        torch.manual_seed(1)
        torch.rand(1)
        again = torch_twister.digest_of(generator)

    assert len(found) == len(set(found))
    assert again == found[1]


def test_where_the_memory_is_laid_out_otherwise_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is = read_torch()()
    monkeypatch.setattr(torch_twister, "memory_of", lambda _: None)

    assert as_it_is == read_torch()()
