"""The samples of models: each pair has the cause that its folder names, and every cause that a model shows has one."""

from pathlib import Path

import pytest

import envprint
from envprint.causes.loading import load_catalog

SAMPLES = Path(__file__).parent.parent.parent.parent / "samples" / "models"
PAIRS = sorted(SAMPLES.iterdir())


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_two_models_are_explained_by_the_cause_that_their_folder_names(pair: Path) -> None:
    a, b = (next(pair.glob(f"{side}.*")) for side in "ab")
    report = envprint.explain(a, b)
    ruled_out = [each.cause for each in report.dismissed]

    assert pair.name in [*(each.cause for each in report.findings[:1]), *ruled_out]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_model_is_identical_to_itself(pair: Path) -> None:
    for side in pair.iterdir():
        report = envprint.explain(side, side)
        assert "identical" == report.verdict or ["dropout-active"] == [each.cause for each in report.findings]


def test_every_cause_that_a_model_shows_has_two_models() -> None:
    assert {cause.id for cause in load_catalog().causes if cause.by_model} == {pair.name for pair in PAIRS}
