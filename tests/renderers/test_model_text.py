"""How two models differ, as text: which tensors, by how much, and where a forward pass parts them."""

from typing import Any

import pytest
from _reports import HOSTILE, built, full_models, tensors
from hypothesis import HealthCheck, given, settings
from rich.cells import cell_len

from envprint.models.comparing import TENSORS
from envprint.models.settings import MODULES
from envprint.renderers import facts, render
from envprint.renderers.layout import draw
from envprint.renderers.model_drift import lay_out_models
from envprint.renderers.model_words import say_outputs, say_parting
from envprint.renderers.plain import HARMFUL
from envprint.renderers.tensor_words import say_tensor
from envprint.report import Change, Finding, ModelDrift, Parting, Report, Side, TensorDrift


def tensor(name: str = "fc.weight", state: str = "differs", **fields: Any) -> TensorDrift:
    known = {"kind": "parameter", "dtype": {"a": "float32", "b": "float32"}}
    return TensorDrift(**{**known, **fields, "name": name, "state": state})


def drawn(drift: ModelDrift, *left: Change) -> str:
    return draw(lay_out_models(drift, left))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"differing": 1, "count": 16, "max_ulp": 12, "relative": 3.5e-6}, "1 of 16 numbers, 12 ULP, 3.5e-06 relative"),
        ({"differing": 160, "count": 160, "max_ulp": 2**31, "relative": 1.5}, "all 160 numbers, 1.5 relative"),
        ({"differing": 1, "count": 1, "max_ulp": 2, "dtype": {"a": "int64"}}, "its one number, by 2"),
        ({"differing": 2, "count": 16}, "2 of 16 numbers, NaN on one side"),
        ({"differing": 2, "count": 9, "max_ulp": 0, "relative": 0.0}, "2 of 9 numbers, signs of zero, or NaNs"),
        ({"max_ulp": 3, "relative": 1e-7, "detail": "by samples"}, "3 ULP, 1.0e-07 relative, by samples"),
        ({"count": 8, "detail": "shape (8,) against (4,)"}, "shape (8,) against (4,)"),
        ({}, "differs"),
        ({"differing": 9, "count": 9, "detail": "b is a rounded to bfloat16"}, "b is a rounded to bfloat16"),
        ({"state": "recast", "dtype": {"a": "int32", "b": "int64"}, "detail": "the same"}, "int32 / int64, the same"),
        ({"state": "transposed", "detail": "b is a.permute(1, 0)"}, "transposed, b is a.permute(1, 0)"),
        ({"state": "permuted"}, "the same numbers in another order"),
        ({"state": "negated"}, "the other sign"),
        ({"state": "missing"}, "missing in b"),
        ({"state": "unexpected"}, "missing in a"),
        ({"state": "unknown", "detail": "no numbers"}, "not compared, no numbers"),
    ],
)  # fmt: skip
def test_a_tensor_is_told_by_what_became_of_it(fields: dict[str, Any], expected: str) -> None:
    assert expected == say_tensor(tensor(**fields))


def test_the_models_are_told_from_how_many_are_identical_to_where_outputs_part() -> None:
    sizes: dict[str, Any] = {"differing": 3, "count": 16}
    drift = ModelDrift(
        tensors=(
            *(tensor(f"blocks.{n}.weight", **sizes, max_ulp=n, relative=n * 1e-7) for n in range(1, 9)),
            tensor("bn.running_mean", kind="buffer", **sizes, relative=0.5),
            tensor("head.weight", "transposed", detail="b is a.permute(1, 0)"),
            *(tensor(f"lost.{n}", "missing", kind="buffer") for n in range(5)),
            tensor("head.bias", "unexpected", looks={"b": "fresh"}),
        ),
        identical=20, compared=30, renaming="names in a have module", outputs={"own": "differ", "eval": "same"},
        partings=(Parting(mode="own", module="bn", type="nn.BatchNorm2d", same_inputs=True, same_weights=False),),
    )  # fmt: skip

    expected = """\
model          20 of 30 tensors that both have are identical
parameters     8 differ, the largest relative differences first
  blocks.8.weight  3 of 16 numbers, 8 ULP  8.0e-07
  blocks.7.weight  3 of 16 numbers, 7 ULP  7.0e-07
  blocks.6.weight  3 of 16 numbers, 6 ULP  6.0e-07
  blocks.5.weight  3 of 16 numbers, 5 ULP  5.0e-07
  blocks.4.weight  3 of 16 numbers, 4 ULP  4.0e-07
  and 3 more
buffers        1 differs
  bn.running_mean  3 of 16 numbers, NaN on one side  0.5
renaming       names in a have module
transposed     1 parameter, b is a.permute(1, 0): head.weight
missing in b   5 buffers: lost.0, lost.1, lost.2 and 2 more
missing in a   1 parameter: head.bias
looks          1 parameter, as a layer draws its weights in b: head.bias
outputs        differ in the models' own mode, the same bits in evaluation mode
part first     bn (BatchNorm2d): its inputs are the same, its tensors differ
also set       bn.momentum 0.1 / none
"""
    left = Change(path="model.modules.bn.momentum", kind="changed", a=0.1, bearing="none")
    assert expected == drawn(drift, left)


def test_where_no_tensor_differs_that_is_the_answer() -> None:
    expected = """\
model          32 tensors are identical bit for bit
outputs        the same bits in the models' own mode and in evaluation mode
"""
    assert expected == drawn(ModelDrift(identical=32, compared=32, outputs={"own": "same", "eval": "same"}))


def test_without_a_forward_pass_nothing_is_said_to_be_the_same() -> None:
    assert "not compared: no forward pass of both with equal inputs" == say_outputs(ModelDrift())
    assert "model          no tensor of one model was found in the other\n" in drawn(ModelDrift())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"module": "fc", "same_inputs": True, "same_weights": True}, "its inputs and tensors are the same"),
        ({"module": "fc", "same_inputs": False, "relative": 0.5},
         "its inputs differ already, so code between modules parts them before it; its outputs are 0.5 relative apart"),
        ({"module": "", "type": "Net", "same_weights": False}, "its tensors differ"),
        ({"module": ""}, "no module gives another output; those of the whole differ"),
    ],
)  # fmt: skip
def test_where_outputs_part_is_told_with_what_was_equal_there(fields: dict[str, Any], expected: str) -> None:
    assert expected == say_parting(Parting(mode="own", **fields))


def test_two_modes_that_part_in_other_places_are_told_apart() -> None:
    partings = (Parting(mode="own", module="dropout"), Parting(mode="eval", module="fc"))
    text = drawn(ModelDrift(partings=partings))

    assert "part first     dropout in the models' own mode:\n" in text
    assert "part first     fc in evaluation mode:\n" in text


def test_a_finding_about_models_shows_its_evidence_and_how_its_tensors_differ() -> None:
    changed = (
        Change(path="model.tensors.fc.weight", kind="changed", a="float32 [4]", b="float32 [4]"),
        Change(path="model.modules.bn1.training", kind="changed", a=False, b=True),
    )
    finding = Finding(
        cause="train-vs-eval", title="One trains", status="confirmed", confidence=0.9, effect="", why="So.",
        changes=tuple(change.path for change in changed), evidence=("one module trains", "outputs part first in bn1"),
    )  # fmt: skip
    drift = ModelDrift(tensors=(tensor(differing=1, count=4, max_ulp=12, relative=3.5e-6),), identical=1, compared=2)
    sides = {"a": Side(id=""), "b": Side(id="")}
    text = render(
        Report(verdict="divergent", summary="", sides=sides, findings=(finding,), models=drift, changes=changed)
    )

    expected = """\
     One trains
     evidence    one module trains
                 outputs part first in bn1
     facts       fc.weight  1 of 4 numbers, 12 ULP, 3.5e-06 relative
                 bn1.training  no / yes
     why         So.
"""
    assert expected in text
    assert "not measured" not in text


def test_changes_of_models_are_told_once_and_flood_no_list() -> None:
    text = render(full_models("words", "name"))

    assert "no bearing" not in text
    assert "may bear" not in text
    assert "also set       name.momentum words / words\n" in text


def test_where_environments_were_compared_too_both_are_told() -> None:
    models = full_models("words", "name")
    around = (Change(path="threads.torch_intraop", kind="changed", a=1, b=2),)
    text = render(models.model_copy(update={"changes": (*models.changes, *around)}))

    assert " may bear       threads.torch_intraop 1 / 2\n" in text
    assert " not measured   neither side has probes" in text
    assert " model          3 of 11 tensors that both have are identical\n" in text


@given(built(ModelDrift))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_name_escapes_from_the_text(drift: ModelDrift) -> None:
    text = drawn(drift)

    assert not HARMFUL.search(text.replace("\n", ""))
    assert [] == [line for line in text.splitlines() if cell_len(line) > 80]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_shown_harmlessly(text: str) -> None:
    shown = render(full_models(text, text))

    assert not HARMFUL.search(shown.replace("\n", ""))
    assert [] == [line for line in shown.splitlines() if cell_len(line) > 80]


def test_paths_of_models_are_those_that_a_comparison_writes() -> None:
    assert (facts.TENSORS, facts.MODULES) == (f"{TENSORS}.", f"{MODULES}.")


def test_each_state_of_a_tensor_has_its_words() -> None:
    assert all(say_tensor(each) for each in tensors())
