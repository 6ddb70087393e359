"""Steps between those that are kept are noted in few lines: what they leave is what the recording itself would."""

import contextlib
import functools
import math
import sys
import threading
import types
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from _listened import kept_from_disk, recorded  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

from envprint.recorder import between  # noqa: E402
from envprint.recorder import fed as feeding  # noqa: E402
from envprint.recorder.attaching import attach  # noqa: E402
from envprint.recorder.batches import Batches, read_batch  # noqa: E402
from envprint.recorder.chaining import AT_ONCE  # noqa: E402
from envprint.recorder.chosen import choose  # noqa: E402
from envprint.recorder.recording import Recording  # noqa: E402
from envprint.recorder.sampling import is_sampled  # noqa: E402
from envprint.recorder.stepping import Steps  # noqa: E402

pytestmark = pytest.mark.torch
STEPS = 340
FIRST = 129  # from here on every second step is kept


@pytest.fixture(autouse=True)
def no_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget of graphs that other tests captured: behind one the recording notes each step."""
    monkeypatch.setattr(between, "GRAPHS", set())


class Training:
    """A training in which one thing or another is done that is unlike most steps."""

    def __init__(self, *, fed: bool | str) -> None:
        self.model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 2))
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.01)
        self.batches = self.ahead() if fed == "ahead" else self.loaded() if fed else self.made()
        self.hooks: list[Any] = []

    def loaded(self) -> Any:
        """Yield batches that a loader gives."""
        data = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randint(0, 2, (64,)))
        while True:
            yield from torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)

    def ahead(self) -> Any:
        """Yield batches that a loader gives, each once the next is there."""
        batches = self.loaded()
        kept = next(batches)
        for batch in batches:
            yield kept
            kept = batch

    def made(self) -> Any:
        """Yield batches of nobody's."""
        while True:
            yield torch.randn(4, 4), torch.randint(0, 2, (4,))

    def step(self, unlike: str = "") -> None:
        """Make a step."""
        inputs, self.targets = next(self.batches)
        BEFORE.get(unlike, nothing)(self, inputs)
        self.optimizer.zero_grad()
        outputs = checkpoint(self.again, inputs, use_reentrant=False) if unlike == "again" else self.model(inputs)
        loss = torch.nn.functional.cross_entropy(
            outputs, self.targets, **({"label_smoothing": 0.1} if unlike == "loss" else {})
        )
        if unlike != "no loss":
            if unlike == "by name":
                torch.autograd.backward(tensors=[loss])
            else:
                loss.backward()
        BEHIND.get(unlike, nothing)(self, inputs)
        if unlike != "no step":
            self.optimizer.step((lambda: math.inf) if unlike == "closure" else None)
        self.model.train()
        self.optimizer.param_groups[0].update(lr=0.01)
        while self.hooks:
            self.hooks.pop().remove()

    def again(self, inputs: Any) -> Any:
        """Compute in backward() what is computed here, and gradients within it."""
        with torch.enable_grad():
            torch.autograd.backward((self.model[0].bias * 3).sum())
        return self.model(inputs)

    def failing(self, _: Any) -> None:
        """Have the optimizer fail within its step, once the recording heard of that."""
        self.hooks.append(self.optimizer.register_step_pre_hook(fail))
        self.hooks.append(self.model.register_forward_pre_hook(lambda *_: None))
        with contextlib.suppress(ArithmeticError):
            self.optimizer.step()
        self.hooks.pop(0).remove()

    def within(self, _: Any) -> None:
        """Have an optimizer call another within its step."""
        other = torch.optim.SGD(self.model.parameters(), 0.5)
        self.hooks.append(self.optimizer.register_step_pre_hook(lambda *_: other.step()))


def fail(*_: Any) -> None:
    """Raise what a hook may."""
    raise ArithmeticError


def nothing(*_: Any) -> None:
    """Do as in most steps."""


def rate(value: Any) -> Callable[[Training, Any], None]:
    """Return what sets the learning rate."""
    return lambda training, _: training.optimizer.param_groups[0].update(lr=value)


Unusual = dict[str, Any]  # what to call with a training and its inputs
BEFORE: Unusual = {
    "normal number": lambda *_: torch.randn(1),
    "rate": rate(0.5),
    "rate as tensor": rate(torch.tensor(0.25)),
    "rate as whole number": rate(0),
    "evaluating": lambda training, _: training.model.eval(),
    "passes": lambda training, inputs: [training.model(inputs) for _ in range(3)],
    "no pass": lambda training, _: training.model.eval() and training.optimizer.step(),
    "evaluating for a while": lambda training, inputs: training.model.eval()(inputs) * training.model.train()(inputs),
    "another that evaluates": lambda _, inputs: torch.nn.Linear(4, 4).eval()(inputs),
    "failing": Training.failing,
    "within": Training.within,
    "another": lambda training, _: torch.optim.SGD(training.model.parameters(), 0.1).step(),
    "other targets": lambda training, _: training.targets.neg_().add_(1),
    "added group": lambda training, _: training.optimizer.add_param_group(
        {"params": [torch.nn.Parameter(torch.ones(1))]}
    ),
}
BEHIND: Unusual = {
    "gradients": lambda training, inputs: training.model(inputs).backward(torch.ones(4, 2)),
    "two losses": lambda training, inputs: training.model(inputs).mean().backward(),
    "evaluating from then on": lambda training, _: training.model.eval(),
    "double": lambda training, inputs: (training.model(inputs).double().sum() * 1e-9).backward(),
    "imaginary": lambda training, inputs: (training.model(inputs) * 1j).sum().backward(torch.tensor(1j)),
}
ALL = (*BEFORE, *BEHIND, "loss", "no loss", "again", "by name", "no step", "closure")
Unlike = dict[int, str]


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


def code_of(maker: Callable[..., Any]) -> types.CodeType:
    """Return the code of the function that this makes."""
    (code,) = (each for each in maker.__code__.co_consts if isinstance(each, types.CodeType))
    return code


@pytest.mark.slow
@pytest.mark.parametrize("of", [between.loss_known, between.begin_known, between.end_known])
def test_after_an_interrupt_at_any_line_steps_are_kept_as_before(of: Callable[..., Any]) -> None:
    code = code_of(of)
    for line in sorted({line for _, _, line in code.co_lines() if line and line > code.co_firstlineno}):
        interrupted(code, line, 132)


def interrupted(code: types.CodeType, line: int, when: int) -> None:
    """Check what is kept of a training with an interrupt at a line of a step."""

    def at_line(frame: Any, event: str, _: Any) -> Any:
        if event == "line" and frame.f_lineno == line:
            sys.settrace(None)
            raise KeyboardInterrupt
        return at_line

    def trained() -> None:
        training = Training(fed=False)
        for number in range(150):
            if number == when:
                sys.settrace(lambda frame, *_: at_line if frame.f_code is code else None)
            with contextlib.suppress(KeyboardInterrupt):
                training.step()
            sys.settrace(None)

    steps = recorded(trained, None, 3).steps
    assert steps.count in {149, 150}
    kept = {step for step in range(1, steps.count + 1) if is_sampled(step)}
    assert kept - {each["step"] for each in steps.ledger} <= {when + 1, when + 2}


@pytest.mark.parametrize("when", [140, 141, 143])
def test_a_step_that_another_thread_makes_meanwhile_does_not_end_the_keeping(when: int) -> None:
    code, last = code_of(between.begin_known), 180

    def trained() -> None:
        training, other = Training(fed=False), Training(fed=False)
        meanwhile = threading.Thread(target=other.step)

        def at_rates(frame: Any, _: str, __: Any) -> Any:
            if "rates" in frame.f_locals and not meanwhile.ident:
                meanwhile.start()
                meanwhile.join()
            return at_rates

        for number in range(last):
            if number == when:
                sys.settrace(lambda frame, *_: at_rates if frame.f_code is code else None)
            training.step()
            sys.settrace(None)
        assert when % 2 == 1 or meanwhile.ident

    assert last - 2 <= recorded(trained, None, 3).steps.ledger[-1]["step"]


def test_a_recording_that_is_over_notes_nothing() -> None:
    recording = Recording(Path("nowhere"))
    with attach(recording), kept_from_disk(recording):
        training = Training(fed=False)
        for number in range(STEPS):
            if number == STEPS // 2 + 1:
                recording.stop()
            training.step()

    assert STEPS // 2 + 1 == recording.steps.count
