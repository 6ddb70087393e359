"""The causes that are injected: all that are promised, in every shape, but those that are left out with a reason."""

import pytest
from _injected import INJECTED, TOGETHER
from _shapes import LEFT_OUT, SHAPES, in_shape

PROMISED = """
torch-seed-not-set seed-value-differs partial-seeding numpy-legacy-unseeded numpy-generator-unseeded
python-random-unseeded seed-after-init
reseed-inside-loop rng-consumption-shift shuffle-order shuffle-disabled num-workers numpy-worker-duplicate-seed
drop-last batch-size-train dataset-version file-listing-order normalisation-statistics dataloader-position-resume
pythonhashseed train-vs-eval dropout-p initial-weights uninitialised-read optimizer-hyperparams optimizer-impl
adam-vs-adamw optimizer-state-missing scheduler-state-missing rng-state-on-resume grad-clip-order grad-not-zeroed
loss-fn-config autocast model-dtype default-dtype intra-op-threads mkldnn-enabled float32-matmul-precision
eager-vs-compile code-version
"""


def test_all_that_is_promised_is_injected_into_a_plain_loop() -> None:
    assert set(PROMISED.split()) == {case.cause for case in INJECTED}


@pytest.mark.parametrize("script", SHAPES)
def test_all_that_is_promised_is_injected_into_a_library_or_left_out_with_a_reason(script: str) -> None:
    left_out = {cause for (cause, shape), reason in LEFT_OUT.items() if shape == script and reason}

    assert set(PROMISED.split()) <= {case.cause for case in in_shape(script)} | left_out


@pytest.mark.parametrize("script", SHAPES)
def test_each_injected_cause_has_a_name_of_its_own(script: str) -> None:
    names = [case.id for case in (*INJECTED, *TOGETHER, *in_shape(script))]

    assert len(names) == len(set(names))
