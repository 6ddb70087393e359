"""What counts as a step, and what of it is told: of optimizers within others, of those that fail, of unusual models."""

import dis
import functools
import sys
import tracemalloc
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _listened import ledger_of, recorded  # noqa: E402

from envprint.recorder import calls  # noqa: E402
from envprint.recorder.batch import gather, read_batch  # noqa: E402
from envprint.recorder.batches import MOST_UNCOUNTED, MOST_WAITING, Batches  # noqa: E402
from envprint.recorder.chosen import choose  # noqa: E402
from envprint.recorder.sampling import is_sampled, next_sampled  # noqa: E402
from envprint.recorder.stepping import Steps  # noqa: E402

pytestmark = pytest.mark.torch
STEPS = 300
KEPT = [step for step in range(1, STEPS + 1) if is_sampled(step)]


class Within(torch.optim.SGD):  # type: ignore[name-defined, misc]
    """Computes its gradients at weights nearby, has another optimizer make the step, and calls its own base's."""

    def __init__(self, parameters: Any, lr: float) -> None:
        super().__init__(parameters, lr)
        self.base = torch.optim.SGD(self.param_groups, lr)

    def step(self, closure: Any = None) -> Any:
        """Make a step of which others are parts."""
        closure()
        self.base.step()
        return super().step()


class Failing(torch.optim.SGD):  # type: ignore[name-defined, misc]
    """Raises at every seventh call."""

    calls = 0

    def step(self, closure: Any = None) -> Any:
        """Make a step, or none."""
        self.calls += 1
        if not self.calls % 7:
            raise RuntimeError("no memory is left")
        return super().step(closure)


def trained(optimizer: type, net: Any = None, *, lr: float = 0.01, steps: int = STEPS) -> None:
    """Make steps of a small model, some of which may fail."""
    model = net or torch.nn.Linear(4, 2)
    made = optimizer(model.parameters(), lr)
    while steps:
        given = torch.randn(3, 4)

        def closure(given: Any = given) -> Any:
            loss = model(given).pow(2).mean()
            loss.backward()
            return loss

        made.zero_grad()
        closure()
        try:
            made.step(closure if optimizer is Within else None)
        except RuntimeError:
            continue
        steps -= 1


@pytest.mark.parametrize("optimizer", [Within, Failing])
def test_what_is_within_a_step_is_part_of_it_and_what_failed_is_none(optimizer: type) -> None:
    ledger = ledger_of(lambda: trained(optimizer), None)

    assert KEPT == [each["step"] for each in ledger]
    assert all({"generators", "rates", "loss", "batch", "training"} <= set(each) for each in ledger)


@pytest.mark.parametrize("optimizer", [Within, Failing, torch.optim.SGD])
def test_the_chain_does_not_depend_on_a_window_however_steps_are_made(optimizer: type) -> None:
    usual, dense = (ledger_of(lambda: trained(optimizer), chosen) for chosen in (None, choose((131, 150))))

    assert set(KEPT) | set(range(131, 151)) == {each["step"] for each in dense}
    chains = {each["step"]: each["chain"] for each in dense}
    assert [chains[each["step"]] for each in usual] == [each["chain"] for each in usual]


def test_an_optimizer_that_took_the_place_of_one_that_failed_makes_steps() -> None:
    def training() -> None:
        weight = torch.nn.Parameter(torch.ones(2))
        failing, other = Failing([weight], 0.01), torch.optim.SGD([weight], 0.01)
        failing.calls = 6
        weight.sum().backward()
        with pytest.raises(RuntimeError, match="no memory"):
            failing.step()
        for _ in range(3):
            other.step()

    assert [1, 2, 3] == [each["step"] for each in ledger_of(training, None)]


def test_calls_of_a_failed_attempt_are_those_of_the_step_that_is_made_after_it() -> None:
    ledger = ledger_of(lambda: trained(Failing, steps=8), None)

    assert ("zero-grad", "forward", "backward", "step") == ledger[5]["calls"]
    assert ("zero-grad", "forward", "backward", "zero-grad", "forward", "backward", "step") == ledger[6]["calls"]


def test_steps_are_told_of_an_optimizer_without_a_learning_rate() -> None:
    class Rateless(torch.optim.SGD):  # type: ignore[name-defined, misc]
        def __init__(self, parameters: Any, lr: float) -> None:
            super().__init__(parameters, lr)
            self.param_groups[0]["lr"] = None

        def step(self, closure: Any = None) -> None:
            """Make no step."""

    ledger = ledger_of(lambda: trained(Rateless, steps=3), None)

    assert [()] * 3 == [each["rates"] for each in ledger]


def test_the_mode_is_that_of_the_forward_passes_whatever_became_of_the_first_parameter() -> None:
    def training() -> None:
        model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 2))
        optimizer, kept = torch.optim.SGD(model.parameters(), 0.01), model[0]
        for number in range(STEPS):
            if number == STEPS // 2:
                model[0] = torch.nn.Linear(4, 4).requires_grad_(False)
            model.train(number % 2 == 0)
            model(torch.randn(3, 4)).mean().backward()
            model.train(number % 3 == 0)
            optimizer.step()
        assert kept is not model[0]

    ledger = ledger_of(training, None)

    for each in ledger:
        number = each["step"] - 1
        assert each["training"] == (number % (2 if number < STEPS // 2 else 3) == 0), number


class Around(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Has the parameters of a module that it does not own, and is a part of its own part."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "inner", torch.nn.Linear(4, 2))
        self.part = torch.nn.Module()
        self.part.whole = self

    def parameters(self, recurse: bool = True) -> Any:  # noqa: FBT001, FBT002 - as torch has it
        """Return those of the other."""
        return self.inner.parameters(recurse)

    def forward(self, given: Any) -> Any:
        """Do what the other does."""
        return self.inner(given)


def test_a_model_that_is_unlike_most_is_told_of() -> None:
    recording = recorded(lambda: trained(torch.optim.SGD, Around(), steps=3), None, 3)

    assert not recording.unread
    assert all({"batch", "samples", "training"} <= set(each) for each in recording.steps.ledger)


@pytest.mark.filterwarnings("ignore:.*nested tensors is in prototype")
def test_a_loader_whose_batches_cannot_be_read_is_one() -> None:
    def collated(numbers: list[int]) -> Any:
        return torch.nested.nested_tensor([torch.randn(number + 1, 4) for number in numbers])

    def training() -> None:
        model = torch.nn.Linear(4, 2)
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for batch in torch.utils.data.DataLoader(range(8), batch_size=2, collate_fn=collated):
            model(batch.to_padded_tensor(0.0)).mean().backward()
            optimizer.step()

    recording = recorded(training, None, 3)

    assert "batches" in recording.unread
    assert all("batch" not in each for each in recording.steps.ledger)


def test_a_step_of_which_nobody_heard_the_end_does_not_shift_those_that_are_kept() -> None:
    steps, optimizer = Steps(), torch.optim.SGD([torch.zeros(1)], 0.01)
    for _ in range(STEPS):
        steps.count += steps.count in {100, 200}  # an interrupt came between
        steps.begin(optimizer)
        steps.end(optimizer)

    assert steps.chain.finish(0.0)
    assert [step for step in KEPT if step != 101] == [each["step"] for each in steps.ledger]


def test_the_next_step_that_is_kept_is_the_first_behind() -> None:
    for step in range(5000):
        found = next_sampled(step)
        assert is_sampled(found)
        assert not any(map(is_sampled, range(step + 1, found)))


def batches_of(rows: int, tensors: int) -> list[Any]:
    """Return one batch, of columns."""
    return [torch.zeros(rows, dtype=torch.int64) for _ in range(tensors)]


@pytest.mark.parametrize("batch", [["x" * 20_000] * 8, [*range(2000)]])
def test_batches_of_texts_hold_little_of_them(batch: list[Any]) -> None:
    batches = Batches()
    tracemalloc.start()
    for number in range(100):
        parts: list[Any] = []
        gather([f"{number}", *batch], parts)
        batches.add(read_batch(parts, rows=True))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 1e6
    assert 100 == len({read()[0] for read in batches.waiting})


@pytest.mark.parametrize(("rows", "tensors"), [(10_000, 1), (512, 20), (128, 4), (2, 1)])
def test_batches_hold_little_of_their_numbers_whatever_they_wait_for(rows: int, tensors: int) -> None:
    batches, given = Batches(), batches_of(rows, tensors)
    batches.loading(ahead=False)
    tracemalloc.start()
    for _ in range(2 * MOST_UNCOUNTED):
        parts: list[Any] = []
        gather(given, parts)
        batches.add(read_batch(parts, rows=True))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 10e6


def test_a_loader_that_never_trains_anything_leaves_no_more_than_so_many_batches() -> None:
    batches = Batches()
    for number in range(MOST_WAITING + 10):
        batches.add(lambda number=number: (str(number), number))  # type: ignore[misc]

    assert MOST_WAITING == len(batches.waiting)
    assert ("10", 10) == batches.waiting[0]()


def test_an_interrupt_behind_any_call_leaves_no_thread_unheard() -> None:
    heard: list[int] = []

    def interrupt(frame: Any, event: str, _: Any, at: int = 0) -> Any:
        """Raise behind the call with this number: that is where CPython looks for signals."""
        if frame.f_code is not calls.tell.__code__:
            return None
        frame.f_trace_opcodes, before = True, names.get(frame.f_lasti, "")
        if event == "opcode" and seen and seen[-1].startswith("CALL"):
            counted[0] += 1
            if counted[0] == at:
                raise KeyboardInterrupt
        seen.append(before)
        return functools.partial(interrupt, at=at)

    names = {each.offset: each.opname for each in dis.get_instructions(calls.tell)}
    raised, tracer = 0, sys.gettrace()
    for at in range(1, 20):
        seen: list[str] = []
        counted = [0]
        sys.settrace(functools.partial(interrupt, at=at))
        try:
            calls.tell(lambda: heard.append(1), (), {})
        except KeyboardInterrupt:
            raised += 1
        finally:
            sys.settrace(tracer)
        assert not calls.WITHIN, at

    assert raised > 3
    calls.tell(lambda: heard.append(2), (), {})
    assert 2 == heard[-1]
