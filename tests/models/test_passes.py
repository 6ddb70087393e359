"""One forward pass, watched: the calls, what goes in and comes out, what it changes, and why there is none."""

import dataclasses
from collections import namedtuple
from typing import Any

import pytest

import envprint
from envprint.manifest.model import Pass

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]

Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - as users write it


@dataclasses.dataclass
class Record:
    left: Any
    right: Any


@pytest.fixture
def rows() -> Any:
    import torch

    return torch.arange(18.0).view(3, 6)


def evaluated(act: Any, inputs: Any, **attributes: Any) -> Pass:
    from _odd_nets import Net

    found: Pass = envprint.describe(Net(act, **attributes), inputs=inputs).passes["eval"]
    return found


def test_calls_are_in_the_order_in_which_they_end(rows: Any) -> None:
    passes = envprint.describe(_net().train(), inputs=rows).passes

    assert ["fc", "norm", "drop", ""] == [call.module for call in passes["own"].calls]
    assert [False, False, True, True] == [call.draws for call in passes["own"].calls]
    assert not any(call.draws for call in passes["eval"].calls)


def test_a_call_that_raised_and_was_caught_is_left_out(rows: Any) -> None:
    def tries(net: Any, x: Any) -> Any:
        try:
            net.norm(x[0])
        except ValueError:
            return net.fc(x)

    assert ["fc", ""] == [call.module for call in evaluated(tries, rows).calls]


def test_only_the_first_calls_of_a_model_that_loops_are_kept(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envprint.models.passes.MOST_CALLS", 5)

    assert ["fc"] * 5 == [call.module for call in evaluated(lambda net, x: [net.fc(x) for _ in range(9)], rows).calls]


def test_calls_of_other_threads_are_not_watched(rows: Any) -> None:
    import threading

    def starts(net: Any, x: Any) -> Any:
        thread = threading.Thread(target=net.fc, args=(x,))
        thread.start()
        thread.join()
        return x

    assert [""] == [call.module for call in evaluated(starts, rows).calls]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("counts", ("count", "since")),
        ("keeps state", ("hidden", "loose", "made")),
        ("writes to weights", ("fc.bias", "fc.weight")),
        ("writes to its input", ("inputs",)),
        ("draws", ()),
    ],
)
def test_a_pass_tells_what_it_changes(name: str, changed: tuple[str, ...], rows: Any) -> None:
    from _odd_nets import writers

    assert changed == envprint.describe(writers()[name], inputs=rows).passes["eval"].changed


@pytest.mark.parametrize(
    "act",
    [
        lambda net, x: {"a": net.fc(x), "b": None},
        lambda net, x: Record(net.fc(x), [x]),
        lambda net, x: Pair(net.fc(x), (x, "text")),
        lambda net, x: {net: net.fc(x), object(): 1},
        lambda net, x: [[net.fc(x)]],
    ],
)
def test_what_a_model_returns_is_told_apart_by_its_tensors(act: Any, rows: Any) -> None:
    import torch

    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        a, b = evaluated(act, rows), evaluated(act, rows)
        torch.manual_seed(0)
        again = evaluated(act, rows)

    assert a == again
    assert a.outputs != b.outputs
    assert a.calls[-1].samples is not None


def test_a_model_may_return_nothing(rows: Any) -> None:
    assert evaluated(lambda *_: None, rows).outputs.startswith("xxh3-128-nested:")


def test_inputs_come_as_one_as_several_or_by_name(rows: Any) -> None:
    from torch import nn

    class Two(nn.Module):  # type: ignore[misc]  # torch is seen as Any
        def forward(self, x: Any, y: Any = None) -> Any:
            return x if y is None else x + y

    given = [rows, (rows, rows), {"x": rows, "y": rows}, [rows, rows]]
    found = [envprint.describe(Two(), inputs=each).passes["eval"].outputs for each in given]

    assert found[0] != found[1]
    assert found[1] == found[2] == found[3]


def test_a_named_tuple_is_one_argument(rows: Any) -> None:
    assert evaluated(lambda net, pair: net.fc(pair.left), Pair(rows, 1)).calls


def test_containers_among_the_inputs_stay_as_they_are(rows: Any) -> None:
    def spoils(net: Any, batch: Any) -> Any:
        batch["x"].mul_(2)
        batch["more"].append(1)
        batch["record"].right = None
        return net.fc(batch.pop("x"))

    batch = {"x": rows.clone(), "more": [], "record": Record(1, 2)}

    assert ("inputs",) == evaluated(spoils, (batch,)).changed
    assert ({"x", "more", "record"}, [], 2) == (set(batch), batch["more"], batch["record"].right)
    assert rows.equal(batch["x"])


def test_a_model_that_raises_in_one_mode_has_the_other(rows: Any) -> None:
    from _odd_nets import Net

    def raises(*, when: bool) -> Any:
        def act(net: Any, x: Any) -> Any:
            if net.training is when:
                raise ValueError("not in this mode")
            return net.fc(x)

        return envprint.describe(Net(act), inputs=rows)

    in_training, in_evaluation = raises(when=True), raises(when=False)

    assert (["eval"], ["passes.own"]) == (list(in_training.passes), list(in_training.unread))
    assert (["own"], ["passes.eval"]) == (list(in_evaluation.passes), list(in_evaluation.unread))


def test_an_exception_whose_text_cannot_be_made_is_told_by_its_class(rows: Any) -> None:
    from _odd_nets import Net

    class Mute(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise ValueError

    def act(*_: Any) -> None:
        raise Mute

    assert "Mute: it cannot be said why" == envprint.describe(Net(act).eval(), inputs=rows).unread["passes"]


def test_warnings_of_a_pass_are_not_shown(rows: Any) -> None:
    import warnings

    def warns(net: Any, x: Any) -> Any:
        warnings.warn("old", UserWarning, stacklevel=2)
        return net.fc(x)

    assert evaluated(warns, rows).calls


def test_the_fast_path_of_a_transformer_is_taken() -> None:
    import torch
    from torch import nn

    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    calls = envprint.describe(model, inputs=torch.ones(2, 4, 8)).passes["eval"].calls

    assert ["layers.0", "layers.1", ""] == [call.module for call in calls]


def test_a_model_on_the_meta_device_says_that_it_holds_no_numbers() -> None:
    import torch
    from _odd_nets import Net

    with torch.device("meta"):
        model = Net()

    assert "ValueError: a tensor on the meta device holds no numbers" == envprint.describe(model).unread["passes"]


def _net() -> Any:
    from _odd_nets import Net

    return Net()
