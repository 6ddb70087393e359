"""Compiled models: described by their graph where inputs are given, and not compiled anew for it afterwards."""

from collections.abc import Iterator
from typing import Any

import pytest

import envprint

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


class Graphs(list[Any]):
    """Stands for a compiler: keeps what is compiled, and runs it as it is."""

    def __call__(self, graph: Any, _: Any) -> Any:
        self.append(graph)
        return graph.forward


@pytest.fixture
def graphs() -> Iterator[Graphs]:
    import torch

    torch._dynamo.reset()
    yield Graphs()
    torch._dynamo.reset()


def compiled(way: str, graphs: Graphs) -> Any:
    import torch
    from _odd_nets import Net

    model = Net().eval()
    if way == "wrapped":
        return torch.compile(model, backend=graphs)
    if way == "in place":
        model.compile(backend=graphs)
    elif way == "its forward":
        model.forward = torch.compile(model.forward, backend=graphs)
    elif way == "a layer in place":
        model.fc.compile(backend=graphs)
    else:
        model.fc = torch.compile(model.fc, backend=graphs)
    return model


@pytest.mark.parametrize("way", ["wrapped", "in place", "its forward", "a layer in place", "a layer wrapped"])
@pytest.mark.parametrize("given", [True, False])
def test_describing_a_compiled_model_compiles_at_most_one_graph(way: str, graphs: Graphs, *, given: bool) -> None:
    import torch

    model, inputs = compiled(way, graphs), torch.ones(3, 6)
    before = model(inputs)
    count = len(graphs)
    described = envprint.describe(model, inputs=inputs if given else None)
    least = len(graphs)
    after = model(inputs)

    is_whole = way in {"wrapped", "in place"}
    assert (is_whole or None) == described.compiled
    assert count + (is_whole and given) == least == len(graphs)
    assert before.equal(after)
    assert {"fc", "norm", ""} <= {call.module for call in described.passes["eval"].calls} | {"fc"}


def test_a_graph_is_not_compiled_for_shapes_that_were_made(graphs: Graphs) -> None:
    import torch

    model = compiled("wrapped", graphs)
    described = envprint.describe(model)
    model(torch.ones(9, 6))
    shapes = [each.meta["example_value"].shape for each in graphs[0].graph.nodes if "example_value" in each.meta]

    assert ["passes.own"] == list(described.unread)
    assert torch.Size([9, 6]) in shapes


def test_weights_of_a_graph_are_written_back_without_a_trace(graphs: Graphs) -> None:
    import torch
    from _odd_nets import Net, writes_to_weights
    from _traces import traces

    model = torch.compile(Net(writes_to_weights), backend=graphs)
    before = traces(model._orig_mod)
    described = envprint.describe(model, inputs=torch.ones(3, 6))

    assert {} == described.unread
    assert before == traces(model._orig_mod)
