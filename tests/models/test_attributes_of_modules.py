"""Plain attributes of modules as values of JSON: whatever they are, and nothing that is a secret."""

import argparse
import dataclasses
import enum
import json
from types import SimpleNamespace
from typing import Any

import pytest

import envprint

pytestmark = pytest.mark.torch


class Mode(enum.Enum):
    MEAN = "mean"


@dataclasses.dataclass
class Config:
    heads: int = 4
    api_key: str = "0123456789abcdef"


class Hostile:
    def __repr__(self) -> str:
        raise ValueError("no text")

    __str__ = __repr__

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class Unlisted(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("no items")


def attributes(**values: Any) -> dict[str, Any]:
    """Return what a description has of a module with these attributes; checks that it is JSON."""
    from torch import nn

    model = nn.Identity()
    for name, value in values.items():
        setattr(model, name, value)
    described = envprint.describe(model, forward=False)
    found: dict[str, Any] = described.modules[""].attributes

    assert {} == described.unread
    assert found == json.loads(json.dumps(found, allow_nan=False))
    return found


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "nan"),
        ([float("inf"), 1.5], ["inf", 1.5]),
        (10**30, str(10**30)),
        (1j, "<builtins.complex>"),
        (b"bytes", "<builtins.bytes>"),
        ("a\ud800", "a\\ud800"),
        ("x" * 1000, "x" * 200),
        ({3, 1, 2}, [1, 2, 3]),
        (list(range(65)), "<list of 65>"),
        ([[[{1}]]], [[["<set of 1>"]]]),
        ({1: 2, None: 3}, {"1": 2, "None": 3}),
        (Mode.MEAN, f"{__name__}.Mode.MEAN"),
        (Config(), {"heads": 4, "api_key": "***"}),
        (SimpleNamespace(a=1), {"a": 1}),
        (argparse.Namespace(a=1), {"a": 1}),
        (len, "builtins.len"),
    ],
)
def test_a_value_is_told_as_json_has_it(value: Any, told: Any) -> None:
    assert {"value": told} == attributes(value=value)


def test_values_of_numpy_and_torch_are_told_by_their_numbers() -> None:
    import numpy as np
    import torch

    found = attributes(
        a=np.float64(2.5), b=np.int8(3), c=np.ones(3, "f4"), d=torch.ones(3), e=torch.float16, f=np.array(["x"])
    )

    assert (2.5, 3, "torch.float16", "<numpy.ndarray>") == (found["a"], found["b"], found["e"], found["f"])
    assert found["c"] == found["d"]


def test_a_value_that_cannot_be_looked_at_is_told_by_its_class() -> None:
    found = attributes(a=Hostile(), b={"c": Hostile(), "d": 1}, e=[Hostile()], f={Hostile()}, g=Unlisted(a=1))
    hostile = f"<{__name__}.Hostile>"

    assert {
        "a": hostile, "b": {"c": hostile, "d": 1}, "e": "<builtins.list>", "f": "<builtins.set>",
        "g": f"<{__name__}.Unlisted>",
    } == found  # fmt: skip


def test_no_address_is_told_of_what_torch_has_no_text_for() -> None:
    torch = pytest.importorskip("torch")
    from envprint.models.attributes import named

    class Nameless:
        __module__ = "torch"

    assert "torch.float32" == named(torch.float32)
    assert "<torch." in named(Nameless())
    assert "0x" not in named(Nameless())


def test_a_value_may_hold_itself() -> None:
    held: list[Any] = []
    held.append(held)

    assert {"held": [[["<list of 1>"]]]} == attributes(held=held)


@pytest.mark.parametrize("name", ["token", "api_key", "hf_token", "password", "client_secret"])
def test_what_goes_by_the_name_of_a_secret_is_masked(name: str) -> None:
    assert {name: "***", "d": {name: "***"}} == attributes(**{name: "correct horse", "d": {name: "correct horse"}})


def test_what_looks_like_a_token_is_masked_and_special_tokens_are_not() -> None:
    found = attributes(note="hf_abcdefghijklmnopqrstuvwx", pad_token="<|endoftext|>", mask_token="[MASK]", max_tokens=5)

    assert {"note": "***", "pad_token": "<|endoftext|>", "mask_token": "[MASK]", "max_tokens": 5} == found


@pytest.mark.parametrize("config", [{"heads": 4}, Config(), SimpleNamespace(heads=4)])
def test_a_configuration_is_told_by_its_fields(config: Any) -> None:
    found = attributes(config=config)

    assert 4 == found["config.heads"]
    assert "config" not in found


def test_properties_that_raise_are_passed_over() -> None:
    from torch import nn

    class Raising(nn.Linear):  # type: ignore[misc]  # torch is seen as Any
        @property
        def config(self) -> Any:
            raise RuntimeError

        dummy_inputs = example_input_array = config

    described = envprint.describe(Raising(6, 6))

    assert ({}, {"own", "eval"}) == (described.unread, set(described.passes))
