"""An interrupt, or another thread, in the midst of what notes steps between those that are kept: others are kept."""

import contextlib
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _listened import recorded  # noqa: E402
from _unlike_training import Training  # noqa: E402

from envprint.recorder import between  # noqa: E402
from envprint.recorder.sampling import is_sampled  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def no_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget of graphs that other tests captured: behind one the recording notes each step."""
    monkeypatch.setattr(between, "GRAPHS", set())


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
