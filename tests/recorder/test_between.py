"""Steps between those that are kept are noted in few lines: what they leave is what the recording itself would."""

import functools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from _listened import kept_from_disk, recorded  # noqa: E402
from _unlike_training import ALL, Training  # noqa: E402

from envprint.recorder import between  # noqa: E402
from envprint.recorder import fed as feeding  # noqa: E402
from envprint.recorder.attaching import attach  # noqa: E402
from envprint.recorder.batch import read_batch  # noqa: E402
from envprint.recorder.batches import Batches  # noqa: E402
from envprint.recorder.chaining import AT_ONCE  # noqa: E402
from envprint.recorder.chosen import choose  # noqa: E402
from envprint.recorder.recording import Recording  # noqa: E402
from envprint.recorder.sampling import is_sampled  # noqa: E402
from envprint.recorder.stepping import Steps  # noqa: E402

pytestmark = pytest.mark.torch
STEPS = 340
FIRST = 129  # from here on every second step is kept
Unlike = dict[int, str]


@pytest.fixture(autouse=True)
def no_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget of graphs that other tests captured: behind one the recording notes each step."""
    monkeypatch.setattr(between, "GRAPHS", set())


def ledger_of(unlike: Unlike, *, fed: bool | str, window: Any = None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return what is kept of a training, and what could not be read."""

    def trained() -> None:
        training = Training(fed=fed)
        for number in range(STEPS):
            training.step(unlike.get(number, ""))

    recording = recorded(trained, window, 3)
    return recording.steps.ledger, {**recording.unread, **recording.steps.chain.unread}


@pytest.mark.parametrize("fed", [True, False])
def test_what_is_noted_is_what_the_recording_would_note(fed: bool) -> None:  # noqa: FBT001
    places = range(FIRST, STEPS, 3)  # of six steps the first and the fourth: one of them is kept
    noted_alike(dict(zip(places, (name for name in ALL for _ in range(2)), strict=False)), fed=fed)
    assert 2 * len(ALL) <= len(places)


def test_batches_that_a_library_asks_for_ahead_are_those_of_their_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "asking", lambda: ("library", ""))

    noted_alike({}, fed="ahead")


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(st.dictionaries(st.integers(FIRST, STEPS - 1), st.sampled_from(ALL)), st.booleans())
def test_what_is_noted_is_what_the_recording_would_note_whatever_is_done(unlike: Unlike, fed: bool) -> None:  # noqa: FBT001
    noted_alike(unlike, fed=fed)


def noted_alike(unlike: Unlike, *, fed: bool | str) -> None:
    """Check that a ledger is the same whether the recording notes each step on its own or not."""
    with pytest.MonkeyPatch.context() as patched:
        found = ledger_of(unlike, fed=fed)
        patched.setattr(Steps, "is_simple", property(lambda _: False, lambda *_: None), raising=False)
        noted = ledger_of(unlike, fed=fed)

    assert found == noted
    assert STEPS - 20 <= found[0][-1]["step"]


@pytest.mark.parametrize("fed", [True, False])
def test_it_is_what_notes_most_steps(fed: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    heard: Counter[str] = Counter()
    for name, of in [(name, vars(Recording)[name]) for name in ("backward", "stepping", "stepped")]:

        def counted(self: Any, *given: Any, _name: str = name, _of: Any = of, **named: Any) -> None:
            heard[_name] += 1
            _of(self, *given, **named)

        monkeypatch.setattr(Recording, name, counted)

    ledger, unread = ledger_of({}, fed=fed)

    kept = [step for step in range(1, STEPS + 1) if is_sampled(step)]
    assert kept == [each["step"] for each in ledger]
    assert not unread
    assert {"backward": len(kept), "stepping": len(kept), "stepped": len(kept)} == heard


def test_a_target_is_part_of_the_batch_in_a_window_and_of_no_chain_between() -> None:
    window, others = choose((131, 150)), dict.fromkeys(range(STEPS), "other targets")
    usual, dense, other = (
        ledger_of(unlike, fed=False, window=chosen)[0]
        for unlike, chosen in (({}, None), ({}, window), (others, window))
    )

    chains = {each["step"]: each["chain"] for each in dense}
    assert [chains[each["step"]] for each in usual] == [each["chain"] for each in usual]
    assert set(range(131, 151)) <= {each["step"] for each in other}
    assert all(one["batch"] != another["batch"] for one, another in zip(dense, other, strict=True))
    assert all(("samples" in each) == is_sampled(each["step"]) for each in other)  # else all would be the same ones


def test_links_are_made_at_times_where_no_step_is_kept_for_long() -> None:
    chains = []
    for is_simple in (True, False):
        recording = Recording(Path("nowhere"))
        torch.manual_seed(3)
        with attach(recording), kept_from_disk(recording):
            training = Training(fed=False)
            training.step()
            recording.steps.is_simple = is_simple
            recording.steps.arrive(100_000)
            for number in range(150):
                recording.steps.count += number == 10  # an interrupt came between
                training.step()
                assert len(recording.steps.chain.links) < AT_ONCE
        assert 1 == len(recording.steps.ledger)
        assert recording.steps.chain.finish(0.0)
        chains.append(recording.steps.chain.digest)

    assert chains[0] == chains[1]


def test_a_mode_or_rates_that_cannot_be_read_cost_no_more_than_these() -> None:
    def trained(*, has_mode: bool) -> None:
        training = Training(fed=False)
        for number in range(STEPS):
            if number == STEPS // 2 and has_mode:
                training.optimizer.param_groups.append(
                    {**training.optimizer.param_groups[0], "params": [], "lr": (1, 2)}
                )
            elif number == STEPS // 2:
                del vars(training.model)["training"]
            weight, bias = training.model[0].parameters()
            torch.nn.functional.linear(torch.ones(4, 4), weight, bias).sum().backward()
            training.optimizer.step()

    for has_mode in (True, False):
        for window in (None, choose((STEPS - 20, STEPS))):
            recording = recorded(functools.partial(trained, has_mode=has_mode), window, 3)
            told = {each["step"]: each for each in recording.steps.ledger}

            assert {"steps"} == set(recording.unread)
            assert not has_mode or all("torch" in each["generators"] for each in told.values())
            assert not (has_mode and window) or set(range(STEPS - 20, STEPS + 1)) <= set(told)


def test_targets_from_before_a_loader_began_are_no_part_of_what_it_gives() -> None:
    batches = Batches()
    batches.add(read_batch([torch.ones(1)], rows=False), beside=True)
    batches.loading(ahead=False)

    assert not batches.take_all({})


def test_a_recording_that_is_over_notes_nothing() -> None:
    recording = Recording(Path("nowhere"))
    with attach(recording), kept_from_disk(recording):
        training = Training(fed=False)
        for number in range(STEPS):
            if number == STEPS // 2 + 1:
                recording.stop()
            training.step()

    assert STEPS // 2 + 1 == recording.steps.count
