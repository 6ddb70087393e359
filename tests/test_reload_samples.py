"""The samples about reloaded models say what is so, where widely read explanations say otherwise."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATISTICS = "1.running_mean, 1.running_var, 1.num_batches_tracked"
SAID = {
    "seed": [
        "another seed where it is loaded: The models have the same bits in 4 tensors.",
        "a head that the file lacks: newly-initialised-layers: 2.weight, 2.bias are in b only",
    ],
    "dropout": [
        "two calls under no_grad are equal: False",
        f"saved, against after these calls: bn-running-stats: {STATISTICS} differ",
        "both left in training mode: dropout-active",
        "one in evaluation mode: train-vs-eval",
        "both in evaluation mode: identical",
    ],
    "batchnorm": [
        "one sample in training mode: Expected more than 1 value per channel when training",
        f"saved parameters() alone: bn-running-stats: {STATISTICS} differ",
        "saved all: identical",
    ],
}


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_a_sample_about_reloading_says_what_is_so(name: str) -> None:
    words = [sys.executable, f"samples/reload/{name}.py"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT)

    assert (0, "") == (done.returncode, done.stderr)
    assert SAID[name] == done.stdout.splitlines()
