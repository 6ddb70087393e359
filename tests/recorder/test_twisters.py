"""The states of Python's and numpy's generators, read in their memory, are those that they tell."""

import importlib
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.recorder import twisters
from envprint.recorder.generators import states
from envprint.recorder.twisters import NumpyTwister, python_state, words_of

DRAWS: dict[str, Callable[[int], Any]] = {
    "seed": lambda number: (random.seed(number), np.random.seed(number)),  # noqa: NPY002
    "uniform": lambda number: (random.sample(range(1000), number), np.random.rand(number)),  # noqa: NPY002
    "normal": lambda number: (random.gauss(0, 1), np.random.standard_normal(number)),  # noqa: NPY002
    "again": lambda _: (random.setstate(random.getstate()), np.random.set_state(np.random.get_state())),  # noqa: NPY002
    "waiting": lambda _: np.random.set_state((*np.random.get_state()[:3], 1, 0.5)),  # type: ignore[index]  # noqa: NPY002
    "nothing": lambda _: None,
    "integers": lambda number: (random.getrandbits(1 + number), np.random.randint(0, 9, number)),  # noqa: NPY002
}


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the generators as they were."""
    before, numpys = random.getstate(), np.random.get_bit_generator()  # type: ignore[attr-defined]
    yield
    random.setstate(before)
    np.random.set_bit_generator(numpys)  # type: ignore[attr-defined]


def as_told(state: Any) -> list[Any]:
    """Return a state of numpy's with its words as a list."""
    name, words, *rest = state
    return [name, list(words), *rest]


@given(st.lists(st.tuples(st.sampled_from(sorted(DRAWS)), st.integers(0, 700)), max_size=12))
def test_what_is_read_is_what_the_generators_tell_whatever_was_drawn(draws: list[tuple[str, int]]) -> None:
    twister = NumpyTwister()
    for name, number in draws:
        DRAWS[name](number)
        for _ in range(2):
            assert words_of(python_state()) == random.getstate()[1]
            assert as_told(twister.read(np)) == as_told(np.random.get_state())  # noqa: NPY002


def test_a_state_that_did_not_change_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    tell = np.random.get_state

    def noted(**named: Any) -> Any:
        asked.append(named)
        return tell(**named)

    twister = NumpyTwister()
    np.random.seed(1)  # noqa: NPY002
    python_state()
    with monkeypatch.context() as patched:
        patched.setattr(np.random, "get_state", noted)
        patched.setattr(random, "getstate", lambda: pytest.fail("Python's generator was asked"))
        for _ in range(5):
            twister.read(np)
            python_state()
        assert 1 == len(asked)
        np.random.rand()  # noqa: NPY002
        twister.read(np)

    assert 2 == len(asked)


@pytest.mark.parametrize("restore", [np.random.set_state, np.random.mtrand._rand.set_state])
def test_a_number_that_waits_again_is_seen(restore: Callable[[Any], None]) -> None:
    np.random.seed(1)  # noqa: NPY002
    np.random.standard_normal()  # noqa: NPY002
    before, waiting = np.random.get_state(), states()["numpy"]  # noqa: NPY002
    np.random.standard_normal()  # noqa: NPY002
    assert waiting != states()["numpy"] == states()["numpy"]
    restore(before)

    assert waiting == states()["numpy"]


def test_python_s_generator_is_found_anew_where_another_took_its_place() -> None:
    kept = {name: value for name, value in vars(random).items() if name != "__builtins__"}
    try:
        importlib.reload(random)
        found = []
        for seed in (1, 2):
            random.seed(seed)
            found.append(states()["python"])
    finally:
        vars(random).update(kept)

    assert found[0] != found[1]


def test_a_generator_that_took_the_place_of_another_is_the_one_that_is_read() -> None:
    twister = NumpyTwister()
    first = as_told(twister.read(np))
    np.random.set_bit_generator(np.random.MT19937(5))  # type: ignore[attr-defined]
    second = as_told(twister.read(np))

    assert first != second == as_told(np.random.get_state())  # noqa: NPY002


def test_a_generator_of_another_kind_has_a_digest_and_warns_of_nothing() -> None:
    np.random.set_bit_generator(np.random.PCG64(5))  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before, unchanged = states()["numpy"], states()["numpy"]
        np.random.rand()  # noqa: NPY002
        after = states()["numpy"]

    assert before == unchanged != after


def test_where_the_memory_is_laid_out_otherwise_the_generator_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    random.seed(3)
    as_it_is = states()["python"]
    monkeypatch.setattr(twisters, "_memory_of", lambda _: None)

    assert isinstance(python_state(), tuple)
    assert as_it_is == states()["python"]
