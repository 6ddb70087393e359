"""Which tensors of two models are the same one: laws, and the names that wrappers and libraries give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.models.pairing import pair

NAMES = st.lists(
    st.lists(st.sampled_from(["module", "model", "layers", "0", "1", "weight", "bias"]), min_size=1, max_size=5).map(
        ".".join
    ),
    unique=True,
    max_size=8,
)


@given(NAMES, NAMES)
def test_each_name_is_paired_once_or_left_over(a: list[str], b: list[str]) -> None:
    found = pair(a, b)

    assert sorted(a) == sorted([*(left for left, _ in found.pairs), *found.only_a])
    assert sorted(b) == sorted([*(right for _, right in found.pairs), *found.only_b])


@given(NAMES)
def test_equal_names_are_paired_with_themselves(names: list[str]) -> None:
    found = pair(names, list(reversed(names)))

    assert [(name, name) for name in names] == list(found.pairs)
    assert "" == found.renaming


LAYERS = ["embed.weight", "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "head.weight"]


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.backbone."])
def test_a_prefix_on_one_side_is_looked_through(prefix: str) -> None:
    found = pair([f"{prefix}{name}" for name in LAYERS], LAYERS)

    assert [(f"{prefix}{name}", name) for name in LAYERS] == list(found.pairs)
    assert found.renaming.startswith("names in a ")


def test_another_prefix_on_either_side_is_looked_through() -> None:
    found = pair([f"encoder.{name}" for name in LAYERS], [f"model.text.{name}" for name in LAYERS])

    assert [(f"encoder.{name}", f"model.text.{name}") for name in LAYERS] == list(found.pairs)
    assert "names begin with 'encoder.' in a, with 'model.text.' in b" == found.renaming


def test_names_that_match_already_stay_as_they_are() -> None:
    found = pair(["head.weight", *(f"model.{name}" for name in LAYERS[:5])], LAYERS)

    assert ("head.weight", "head.weight") == found.pairs[0]
    assert ((), ()) == (found.only_a, found.only_b)


def test_wrappers_within_names_are_looked_through() -> None:
    found = pair(["layers.0._checkpoint_wrapped_module.weight"], ["layers.0.weight"])

    assert (("layers.0._checkpoint_wrapped_module.weight", "layers.0.weight"),) == found.pairs


def test_weight_norm_is_known_by_either_name() -> None:
    found = pair(["0.weight_g", "0.weight_v"], [f"0.parametrizations.weight.original{number}" for number in (0, 1)])

    assert ((), ()) == (found.only_a, found.only_b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (["fc.weight", "fc.bias"], ["head.weight", "head.bias"]),
        (["encoder.0.weight"], ["decoder.0.weight"]),
        (["embed.weight", "inner.weight"], ["out.bias"]),
    ],
)
def test_layers_of_other_names_are_other_layers(a: list[str], b: list[str]) -> None:
    assert () == pair(a, b).pairs
