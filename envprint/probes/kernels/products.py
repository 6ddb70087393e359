"""Products of matrices and vectors: BLAS, oneDNN for 16 bits, FBGEMM for quantised ones, cuBLAS."""

import platform
from typing import Any

from envprint.manifest.gaps import Absent
from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run

X86 = ("x86_64", "AMD64")


def matmul(rows: int, inner: int, columns: int) -> Build:
    """Return a build of a product of two matrices."""

    def build(torch: Any, x: Inputs) -> Run:
        a, b = x.uniform("left", rows, inner), x.uniform("right", inner, columns)
        return lambda: torch.matmul(a, b)

    return build


def cancelling(rows: int, inner: int, columns: int) -> Build:
    """Return a build of a product whose terms nearly cancel in pairs."""

    def build(torch: Any, x: Inputs) -> Run:
        left = x.uniform("left", rows, inner)
        a = torch.cat([left, left], dim=1)
        b = torch.cat([x.uniform("right", inner, columns), x.opposed("right", inner, columns)], dim=0)
        return lambda: torch.matmul(a, b)

    return build


def batched(torch: Any, x: Inputs) -> Run:
    """Multiply eight pairs of matrices."""
    a, b = x.uniform("left", 8, 48, 64), x.uniform("right", 8, 64, 40)
    return lambda: torch.bmm(a, b)


def matvec(torch: Any, x: Inputs) -> Run:
    """Multiply a matrix and a vector."""
    a, b = x.uniform("matrix", 256, 1024), x.uniform("vector", 1024)
    return lambda: torch.mv(a, b)


def dot(torch: Any, x: Inputs) -> Run:
    """Multiply two long vectors."""
    a, b = x.uniform("left", 100_003), x.uniform("right", 100_003)
    return lambda: torch.dot(a, b)


def linear(batch: int) -> Build:
    """Return a build of a linear layer: other kernels serve one row, two, and many."""

    def build(torch: Any, x: Inputs) -> Run:
        rows, weight, bias = x.uniform("rows", 64, 1024)[:batch], x.uniform("weight", 96, 1024), x.uniform("bias", 96)
        return lambda: torch.nn.functional.linear(rows, weight, bias)

    return build


def einsum(torch: Any, x: Inputs) -> Run:
    """Contract three operands; with opt_einsum installed the order may be another."""
    a, b, c = x.uniform("first", 4, 24, 32), x.uniform("second", 4, 32, 40), x.uniform("third", 40, 16)
    return lambda: torch.einsum("bij,bjk,kl->bil", a, b, c)


def quantized_linear(torch: Any, x: Inputs) -> Run:
    """Multiply bytes: without VNNI, sums of two products saturate at 16 bits in FBGEMM's kernels.

    Values from 0 to 255 are quantised by a scale of 1, so each output is an exact integer below 2**24.
    """
    rows, weight = x.integers("bytes", 16, 256, below=256), x.integers("weights", 64, 256, below=255) - 127
    rows[:, 0], rows[:, 1], weight[:, 0] = 0, 255, 127
    if x.exact:
        return lambda: rows.double() @ weight.double().t()
    engines = torch.backends.quantized.supported_engines
    if "fbgemm" not in engines and platform.machine() in X86:
        raise Absent("torch's quantised kernels need AVX2")  # without it they end the process, 2.13 with onednn too
    values = rows.to(torch.float32)
    quantized = torch.quantize_per_tensor(weight.to(torch.float32), 1.0, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(quantized, None)
    return lambda: torch.ops.quantized.linear_dynamic(values, packed)
