"""The reference flags are set for a while, and put back by whichever interface set them."""

from typing import Any

import pytest

pytestmark = pytest.mark.torch

READ = """
import torch
from envprint.probes.flags import reference_flags
def read():
    newer = torch.backends.cuda.matmul
    return [
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark,
        torch.are_deterministic_algorithms_enabled(),
        newer.allow_bf16_reduced_precision_reduction, newer.allow_fp16_reduced_precision_reduction,
        *((newer.fp32_precision, torch.backends.cudnn.conv.fp32_precision, torch.backends.cudnn.rnn.fp32_precision)
          if hasattr(newer, "fp32_precision") else (newer.allow_tf32, torch.backends.cudnn.allow_tf32)),
    ]
"""


@pytest.mark.parametrize(
    "setting",
    [
        "pass",
        "torch.backends.cuda.matmul.allow_tf32 = True",
        "torch.backends.cudnn.allow_tf32 = False",
        "torch.set_float32_matmul_precision('medium')",
        "torch.backends.cudnn.benchmark = True; torch.use_deterministic_algorithms(True)",
        "setattr(getattr(torch.backends.cuda, 'matmul'), 'fp32_precision', 'tf32')",
        "setattr(torch.backends, 'fp32_precision', 'tf32')",
    ],
)
def test_the_reference_flags_are_put_back_after_an_exception(setting: str, run_python: Any) -> None:
    done = run_python(
        f"{READ}\nimport warnings; warnings.simplefilter('ignore')\n{setting}\nbefore = read()\n"
        "try:\n"
        "    with reference_flags(torch):\n"
        "        inside = read()\n"
        "        raise ArithmeticError\n"
        "except ArithmeticError: pass\n"
        "print(before == read(), inside[:5], set(map(str, inside[5:])) <= {'ieee', 'False'})"
    )

    assert "" == done.stderr
    assert done.stdout.startswith("True [True, False, True, ")
    assert done.stdout.rstrip().endswith("True")
