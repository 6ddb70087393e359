"""The chain of a run of which something is still to come: whole, in order, and of each step its own."""

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from envprint.models.reading import Reading  # noqa: E402
from envprint.recorder.chaining import AT_ONCE, MOST_WAITING, Chain, Here  # noqa: E402

pytestmark = pytest.mark.torch


def at_once(steps: int) -> str:
    """Return the chain of steps of which all is known."""
    chain = Chain()
    for step in range(1, steps + 1):
        chain.add({"batch": f"batch {step}"}, float(step).hex(), {"step": step})
    assert chain.finish(0.0)
    return chain.digest


def added(chain: Chain, step: int, *, kept: bool = True, batch: Callable[[], str] | None = None) -> None:
    """Add a step whose loss lies elsewhere, and whose batch comes later; make the links of what has come."""
    facts = {"batch": batch or (lambda: f"batch {step}")}
    chain.add(facts, torch.tensor(float(step)), {"step": step, **facts} if kept else None)
    chain.settle()


def test_a_loss_on_another_device_is_read_when_a_step_is_kept() -> None:
    entries: list[dict[str, Any]] = []
    chain = Chain(entries.append)
    for step in range(1, 6):
        added(chain, step, kept=step == 5)
        assert (step == 5) == bool(entries)

    assert [{"step": 5, "batch": "batch 5", "loss": (5.0).hex(), "chain": at_once(5)}] == entries


def test_entries_come_in_order_whatever_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = at_once(4)
    here: set[int] = set()
    entries: list[dict[str, Any]] = []
    chain = Chain(entries.append)
    readings: list[Reading] = []
    monkeypatch.setattr(Reading, "is_here", lambda self: readings.index(self) in here)
    for step in range(1, 5):
        readings.append(chain.reading)
        added(chain, step)
    here |= {1, 2}
    chain.settle()
    assert [] == entries
    here.add(0)
    chain.settle()
    assert [1, 2, 3] == [each["step"] for each in entries]
    assert not chain.finish(0.0)
    here.add(3)
    assert chain.finish(0.0)
    assert whole == entries[-1]["chain"]


def test_what_cannot_be_read_costs_no_more_than_itself() -> None:
    def fail() -> str:
        raise NotImplementedError("jagged")

    entries: list[dict[str, Any]] = []
    chain = Chain(entries.append)
    for step in range(1, 5):
        added(chain, step, batch=fail if step == 2 else None)

    assert [1, 2, 3, 4] == [each["step"] for each in entries]
    assert [True, False, True, True] == ["batch" in each for each in entries]
    assert all("loss" in each for each in entries)
    assert "jagged" in chain.unread["batch"]


@pytest.mark.parametrize("broken", ["fetch", "start"])
def test_steps_for_which_a_device_cannot_be_asked_are_there_without_it(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries: list[dict[str, Any]] = []
    chain = Chain(entries.append)
    real = getattr(Reading, broken)

    def fail(*_: Any) -> None:
        raise torch.OutOfMemoryError("no memory is left")

    for step in range(1, 5):
        monkeypatch.setattr(Reading, broken, fail if step == 2 else real)
        added(chain, step)

    assert [1, 2, 3, 4] == [each["step"] for each in entries]
    assert {"step", "chain"} == set(entries[1])
    assert {"step", "chain", "batch", "loss"} == set(entries[2])
    assert "no memory is left" in chain.unread["devices"]


def test_what_is_in_this_machines_memory_stays_known_where_a_device_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise torch.OutOfMemoryError("no memory is left")

    monkeypatch.setattr(Reading, "fetch", fail)
    entries: list[dict[str, Any]] = []
    chain = Chain(entries.append)
    added(chain, 1, batch=Here(lambda: "batch 1"))

    assert "batch 1" == entries[0]["batch"]
    assert "loss" not in entries[0]


def test_links_are_made_many_at_once_and_entries_are_those_of_links_made_one_by_one() -> None:
    entries: list[dict[str, Any]] = []
    chain = Chain(entries.append)
    for step in range(1, AT_ONCE):
        chain.add({"batch": f"batch {step}"}, float(step).hex(), {"step": step})
    assert [] == entries
    chain.add({"batch": f"batch {AT_ONCE}"}, float(AT_ONCE).hex(), {"step": AT_ONCE})

    assert list(range(1, AT_ONCE + 1)) == [each["step"] for each in entries]
    assert at_once(AT_ONCE) == entries[-1]["chain"]


def test_steps_that_nobody_keeps_do_not_wait_for_one_that_is() -> None:
    chain = Chain()
    for step in range(10 * MOST_WAITING):
        chain.add({"batch": f"batch {step}"}, float(step).hex())
        assert len(chain.links) + chain.unmade <= 2 * MOST_WAITING


def test_each_kept_step_has_a_reading_of_its_own() -> None:
    chain = Chain()
    readings = []
    for step in range(1, 5):
        readings.append(chain.reading)
        added(chain, step, kept=step != 2)

    assert [readings[0], readings[1], readings[1], readings[3]] == readings
    assert 3 == len(set(map(id, readings)))
