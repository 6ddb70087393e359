"""What `envprint show` says of a model that a manifest describes: a dozen lines, whatever is in them."""

from typing import Any

import pytest
from _reports import HOSTILE
from rich.cells import cell_len

from envprint.manifest import Manifest
from envprint.manifest.model import Call, Model, Module, Optimizer, Pass, Tensor
from envprint.renderers.manifest import render_manifest
from envprint.renderers.plain import HARMFUL


def weight(*shape: int, **fields: Any) -> Tensor:
    return Tensor(**{"kind": "parameter", "dtype": "float32", "device": "cpu", **fields, "shape": shape})


def model(**fields: Any) -> Model:
    modules = {
        "": Module(type="nets.Net", training=False),
        **{f"layers.{n}": Module(type="torch.nn.modules.linear.Linear", training=False) for n in range(3)},
        "bn": Module(type="torch.nn.modules.batchnorm.BatchNorm1d", training=True),
    }
    tensors = {
        "embed.weight": weight(64, 32, trainable=True),
        "head.weight": weight(64, 32, trainable=True, tied_to="embed.weight"),
        "stem.weight": weight(4, 2, trainable=False, layout="channels_last", looks="fresh"),
        "scale": weight(32, kind="buffer", dtype="bfloat16", persistent=False),
        "count": weight(kind="buffer", dtype="int64", persistent=True),
    }
    return Model(**{"type": "nets.Net", "modules": modules, "tensors": tensors, **fields})


def test_a_model_is_summed_up_in_a_dozen_lines() -> None:
    calls = (Call(module="drop", inputs="a", outputs="b", draws=True), Call(module="", inputs="a", outputs="b"))
    described = model(
        inputs="made",
        passes={
            "own": Pass(inputs="a", outputs="b", calls=calls, changed=("bn.running_mean",)),
            "eval": Pass(inputs="a", outputs="b", calls=calls[1:]),
        },
        optimizer=Optimizer(type="torch.optim.adamw.AdamW", groups=({"lr": 0.01, "foreach": None},), steps=3),
        unread={"tensors.x": "RuntimeError: no numbers"},
        compiled=True,
    )

    expected = """\
 model
     class                     nets.Net, compiled
     modules                   5: 3 Linear, 1 Net, 1 BatchNorm1d
     mode                      evaluation; 1 of 5 modules in training mode
     parameters                3 tensors, 2056 numbers in float32
     buffers                   2 tensors, 33 numbers in bfloat16, int64, 1 not
                               persistent
     frozen                    stem.weight
     tied                      head.weight is embed.weight
     layout                    1 channels_last
     device                    cpu
     fresh                     stem.weight: as a layer draws its weights
     inputs                    made up, the same on every machine
     pass, own mode            2 calls of modules, random numbers drawn in
                               drop, changes bn.running_mean
     pass, evaluation          1 call of a module
     optimizer                 AdamW, lr 0.01, 1 group, 3 steps, remembers
                               something of 0 parameters
     not described             tensors.x: RuntimeError: no numbers
"""
    assert expected in render_manifest(Manifest(model=described))


def test_of_a_state_dict_only_its_tensors_are_told() -> None:
    text = render_manifest(Manifest(model=Model(type="state_dict", tensors={"fc.weight": weight(2, 3)})))

    expected = """\
 model
     class                     state_dict
     parameters                1 tensor, 6 numbers in float32
     device                    cpu
"""
    assert text.endswith(expected)


def test_a_large_model_is_not_listed_tensor_by_tensor() -> None:
    tensors = {f"layers.{n}.weight": weight(8, 8, looks="fresh", device=f"cuda:{n % 2}") for n in range(500)}
    text = render_manifest(Manifest(model=Model(type="nets.Net", tensors=tensors)))

    assert "500 tensors, 32000 numbers in float32" in text
    assert "device                    250 cuda:0, 250 cuda:1" in text
    assert "and 496 more" in text
    assert len(text.splitlines()) < 12


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_within_their_line(text: str) -> None:
    modules = {text: Module(type=text, training=True)}
    tensors = {text: weight(2, dtype=text, device=text, layout=text, tied_to=text, looks="fresh", trainable=False)}
    passes = {text: Pass(inputs="", outputs="", calls=(Call(module=text, inputs="", outputs="", draws=True),))}
    optimizer = Optimizer(type=text, groups=({"lr": text},))
    described = Model(
        type=text, modules=modules, tensors=tensors, passes=passes, optimizer=optimizer, unread={text: text}
    )
    shown = render_manifest(Manifest(model=described))

    assert not HARMFUL.search(shown.replace("\n", ""))
    assert [] == [line for line in shown.splitlines() if cell_len(line) > 80]


@pytest.mark.torch
def test_a_live_model_is_described_and_summed_up() -> None:
    import torch

    from envprint.models.describing import describe

    live = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(), torch.nn.Linear(4, 2))
    text = render_manifest(Manifest(model=describe(live, torch.optim.SGD(live.parameters(), lr=0.1))))

    assert "     modules                   4: 2 Linear, 1 Sequential, 1 Dropout\n" in text
    assert "     mode                      training, all modules\n" in text
    assert "     parameters                4 tensors, 30 numbers in float32\n" in text
    assert "SGD, lr 0.1, momentum 0, weight_decay 0, 1 group" in " ".join(text.split())
