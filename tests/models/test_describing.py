"""What a description tells of a model: its tensors, its modules and its optimizer."""

from typing import Any

import pytest

import envprint
from envprint.models.describing import tensors_of

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]


def test_tied_tensors_are_told_by_memory_shape_strides_and_type() -> None:
    import torch
    from torch import nn

    numbers, model = torch.randn(6, 6), nn.Module()
    model.first = nn.Parameter(numbers)
    model.again, model.alias = model.first, nn.Parameter(numbers)
    model.turned, model.part = nn.Parameter(numbers.t()), nn.Parameter(numbers[:3])
    model.bits = nn.Parameter(numbers.view(torch.int32), requires_grad=False)
    described = envprint.describe(model, forward=False).tensors

    assert {"again": "first", "alias": "first"} == {
        name: each.tied_to for name, each in described.items() if each.tied_to is not None
    }
    assert 4 == len({each.digest for each in described.values()})


def test_tensors_without_memory_are_tied_to_none() -> None:
    import torch
    from torch import nn

    model = nn.Module()
    for name, device in (("a", "cpu"), ("b", "cpu"), ("c", "meta"), ("d", "meta")):
        model.register_buffer(name, torch.empty(0 if device == "cpu" else 3, device=device))
    described = envprint.describe(model, forward=False)

    assert {None} == {each.tied_to for each in described.tensors.values()}
    assert {"tensors.c", "tensors.d"} == set(described.unread)


def test_a_lazy_module_is_described_before_it_has_weights() -> None:
    import torch
    from torch import nn

    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d())
    described = envprint.describe(model, inputs=torch.ones(1, 3, 4, 4))

    assert "uninitialised" == described.tensors["0.weight"].looks
    assert {"passes": "ValueError: a lazy module has no weights yet: run the model once"} == described.unread
    assert nn.LazyConv2d is type(model[0])


def test_a_module_may_have_its_parent_as_a_child() -> None:
    from torch import nn

    model = nn.Sequential(nn.Linear(6, 6))
    model[0].parent = model
    described = envprint.describe(model)

    assert ["0.weight", "0.bias"] == list(described.tensors)
    assert {"own", "eval"} == set(described.passes)


def test_names_that_are_no_unicode_are_escaped() -> None:
    from torch import nn

    model = nn.ModuleDict({"x\ud800": nn.Linear(2, 2)})
    described = envprint.describe(model, forward=False)

    assert ["", "x\\ud800"] == list(described.modules)
    assert ["x\\ud800.weight", "x\\ud800.bias"] == list(described.tensors) == list(tensors_of(model))


def test_the_weight_of_a_parametrised_layer_is_not_computed() -> None:
    import torch
    from torch import nn

    class Counting(nn.Module):  # type: ignore[misc]  # torch is seen as Any
        calls = 0

        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            Counting.calls += 1
            return weight

    model = nn.Sequential(nn.Linear(20, 20))
    nn.utils.parametrize.register_parametrization(model[0], "weight", Counting(), unsafe=True)
    Counting.calls = 0
    envprint.describe(model, forward=False)

    assert 0 == Counting.calls


def test_an_optimizer_whose_settings_are_tensors_or_no_numbers_is_described() -> None:
    import torch
    from torch import nn

    model = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(0.5), weight_decay=0.25, foreach=False)
    optimizer.param_groups[0]["warmup"] = float("nan")
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    told = envprint.describe(model, optimizer, forward=False).optimizer

    assert told is not None
    assert (0.5, 0.25, "nan") == tuple(told.groups[0][name] for name in ("lr", "weight_decay", "warmup"))
    assert ({"weight", "bias"}, 1) == (set(told.state), told.steps)


def test_an_optimizer_that_cannot_be_described_leaves_a_reason() -> None:
    from torch import nn

    described = envprint.describe(nn.Linear(2, 2), object(), forward=False)

    assert None is described.optimizer
    assert ["optimizer"] == list(described.unread)


def test_a_mapping_of_tensors_has_them_alone() -> None:
    import torch

    described = envprint.describe({"a": torch.ones(2), "epoch": 3})

    assert ("state_dict", ["a"], {}) == (described.type, list(described.tensors), described.modules)


def test_modules_that_refuse_or_hand_on_what_they_are_asked_for_are_described() -> None:
    import torch
    from _odd_nets import Net
    from torch import nn

    class Refusing(Net):
        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError:
                raise RuntimeError(name) from None

    class Handing(nn.Sequential):  # type: ignore[misc]  # torch is seen as Any
        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(super().__getattr__("0"), name)

    refusing = envprint.describe(Refusing(), inputs=torch.ones(2, 6))
    handing = envprint.describe(Handing(torch.compile(nn.Linear(2, 2), backend="eager")), inputs=torch.ones(1, 2))

    assert ({}, {}) == (refusing.unread, handing.unread)
    assert (None, "0._orig_mod.weight") == (handing.compiled, next(iter(handing.tensors)))
