"""The reference flags are set for a while, and put back by whichever interface set them."""

from typing import Any

import pytest

pytestmark = [pytest.mark.torch, pytest.mark.slow]

READ = """
import contextlib, sys, torch
from envprint.probes.flags import reference_flags
def has_newer():
    with contextlib.suppress(AttributeError, AssertionError):  # 2.0: AssertionError for a name that it lacks
        return bool(torch.backends.cuda.matmul.fp32_precision)
def precision():
    with contextlib.suppress(RuntimeError):  # 2.9: not to be read where both interfaces were used
        return torch.get_float32_matmul_precision()
def read():
    newer = torch.backends.cuda.matmul
    return [
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark,
        torch.are_deterministic_algorithms_enabled(),
        newer.allow_bf16_reduced_precision_reduction, newer.allow_fp16_reduced_precision_reduction,
        *((newer.fp32_precision, torch.backends.cudnn.conv.fp32_precision, torch.backends.cudnn.rnn.fp32_precision)
          if has_newer() else (newer.allow_tf32, torch.backends.cudnn.allow_tf32)),
    ]
def read_all():
    return [
        *read(), precision(), torch.is_deterministic_algorithms_warn_only_enabled(),
        torch._C._get_cublas_allow_fp16_reduced_precision_reduction(),
        torch._C._get_cublas_allow_bf16_reduced_precision_reduction(),
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
        "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = (False, False)",
        "torch.use_deterministic_algorithms(False, warn_only=True)",
    ],
)
def test_the_reference_flags_are_put_back_after_an_exception(setting: str, run_after_torch: Any) -> None:
    done = run_after_torch(
        f"{READ}\nimport warnings; warnings.simplefilter('ignore')\n"
        f"with contextlib.suppress(AttributeError, AssertionError, RuntimeError): {setting}\n"  # a newer torch's
        "before = read_all()\n"
        "try:\n"
        "    with reference_flags(torch):\n"
        "        inside = read()\n"
        "        raise ArithmeticError\n"
        "except ArithmeticError: pass\n"
        "print(before == read_all(), inside[:5], set(map(str, inside[5:])) <= {'ieee', 'False'})"
    )

    assert "" == done.stderr
    assert done.stdout.startswith("True [True, False, True, ")
    assert done.stdout.rstrip().endswith("True")


@pytest.mark.parametrize(
    "follow",
    ["pass", "torch.backends.fp32_precision = 'tf32'", "torch.backends.cudnn.fp32_precision = 'tf32'"],
)
def test_a_switch_that_followed_the_one_above_it_follows_it_afterwards_too(follow: str, run_after_torch: Any) -> None:
    then = "torch.backends.fp32_precision = torch.backends.cudnn.fp32_precision = 'ieee'; print(read()[5:])"
    with_flags = run_after_torch(f"{READ}\nif has_newer():\n  {follow}\n  with reference_flags(torch): pass\n  {then}")
    without = run_after_torch(f"{READ}\nif has_newer():\n  {follow}\n  {then}")

    assert (without.stdout, "") == (with_flags.stdout, with_flags.stderr)


def test_the_reference_flags_load_no_compiler(run_after_torch: Any) -> None:
    done = run_after_torch(f"{READ}\nwith reference_flags(torch): print('torch._inductor.config' in sys.modules)")

    assert ("False\n", "") == (done.stdout, done.stderr)
