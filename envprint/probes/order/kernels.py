"""The kernels that are asked for the order in which they add: a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from envprint.probes.table import ATEN, BLAS, CUBLAS, CUDA, CUDNN, NUMPY, ONEDNN, THREADS

Masks: TypeAlias = Any  # a matrix of numpy or torch, one question in each row
Add: TypeAlias = Callable[[Masks, int], Any]  # the masks, how many are asked -> the sum of each; equal columns of it
Build: TypeAlias = Callable[[Any, Masks], Add]

CONV_CHANNELS, CONV_WINDOW, CONV_SIDE = 16, 3, 8
CONV_TERMS = CONV_CHANNELS * CONV_WINDOW**2


@dataclass(frozen=True)
class Addition:
    """A kernel whose order is asked: row of a table.

    `build(library, masks)` returns a function of a matrix of that shape that adds up its rows. With `apart`, the terms
    asked for are each `apart`-th of a longer sum, the others being zero. `rows` questions are asked at once; `shared`
    says that one call of the kernel adds all of them, so that it is to be seen whether it adds all in one order.
    """

    name: str
    build: Build
    dtype: str
    terms: int
    rows: int = 64
    apart: int = 1
    shared: bool = False
    library: Literal["torch", "numpy"] = "torch"
    cpu: tuple[str, ...] = ()
    gpu: tuple[str, ...] = ()
    version: int = 1


def _sum(library: Any, masks: Masks) -> Add:  # noqa: ARG001 - as all builds
    return lambda masks, asked: _gathered(library, [row.sum() for row in masks[:asked]])


def _dot(library: Any, masks: Masks) -> Add:
    ones = library.ones_like(masks[0])
    return lambda masks, asked: _gathered(library, [library.dot(row, ones) for row in masks[:asked]])


def _gathered(library: Any, sums: Sequence[Any]) -> Any:
    return library.stack(sums)[:, None]


def _matvec(library: Any, masks: Masks) -> Add:
    ones = library.ones_like(masks[0])
    return lambda masks, _: (masks @ ones)[:, None]


def _matmul(library: Any, masks: Masks) -> Add:
    ones = library.ones_like(masks).reshape(masks.T.shape)
    return lambda masks, _: masks @ ones


def _convolution(library: Any, masks: Masks) -> Add:
    """Add over a window in the middle of each image; its terms are numbered channel after channel."""
    filters = (CONV_CHANNELS, CONV_CHANNELS, CONV_WINDOW, CONV_WINDOW)
    images = library.ones((len(masks), CONV_CHANNELS, CONV_SIDE, CONV_SIDE), dtype=masks.dtype, device=masks.device)
    weights = library.ones(filters, dtype=masks.dtype, device=masks.device)
    place = (CONV_SIDE - CONV_WINDOW) // 2
    window = (..., slice(place, place + CONV_WINDOW), slice(place, place + CONV_WINDOW))

    def add(masks: Masks, _: int) -> Any:
        images[window] = masks.reshape(len(masks), *filters[1:])
        return library.conv2d(images, weights)[:, :, place, place]

    return add


ORDERS = (
    Addition("sum-f32", _sum, "float32", 2048, cpu=(ATEN,), gpu=(CUDA,)),
    Addition("sum-f64", _sum, "float64", 2048, cpu=(ATEN,), gpu=(CUDA,)),
    Addition("sum-bf16", _sum, "bfloat16", 1024, cpu=(ATEN,), gpu=(CUDA,)),
    Addition("sum-f16", _sum, "float16", 2048, cpu=(ATEN,), gpu=(CUDA,)),
    Addition("sum-long-f32", _sum, "float32", 64, 4, apart=2048, cpu=(ATEN, THREADS), gpu=(CUDA,)),
    Addition("dot-f32", _dot, "float32", 1024, cpu=(BLAS,), gpu=(CUBLAS,)),
    Addition("dot-f64", _dot, "float64", 1024, cpu=(BLAS,), gpu=(CUBLAS,)),
    Addition("dot-bf16", _dot, "bfloat16", 1024, cpu=(ONEDNN, BLAS), gpu=(CUBLAS,)),
    Addition("dot-f16", _dot, "float16", 1024, cpu=(ONEDNN, BLAS), gpu=(CUBLAS,)),
    Addition("matvec-f32", _matvec, "float32", 512, 512, shared=True, cpu=(BLAS,), gpu=(CUBLAS,)),
    Addition("matvec-f64", _matvec, "float64", 512, 512, shared=True, cpu=(BLAS,), gpu=(CUBLAS,)),
    Addition("matvec-bf16", _matvec, "bfloat16", 512, 512, shared=True, cpu=(ONEDNN, BLAS), gpu=(CUBLAS,)),
    Addition("matvec-f16", _matvec, "float16", 512, 512, shared=True, cpu=(ONEDNN, BLAS), gpu=(CUBLAS,)),
    Addition("matmul-f32", _matmul, "float32", 1024, 1024, shared=True, cpu=(BLAS,), gpu=(CUBLAS,)),
    Addition("matmul-f64", _matmul, "float64", 512, 512, shared=True, cpu=(BLAS,), gpu=(CUBLAS,)),
    Addition("matmul-bf16", _matmul, "bfloat16", 1024, 1024, shared=True, cpu=(ONEDNN, BLAS), gpu=(CUBLAS,)),
    Addition("matmul-f16", _matmul, "float16", 1024, 1024, shared=True, cpu=(ONEDNN, BLAS), gpu=(CUBLAS,)),
    Addition("conv2d-f32", _convolution, "float32", CONV_TERMS, shared=True, cpu=(ONEDNN,), gpu=(CUDNN,)),
    Addition("conv2d-bf16", _convolution, "bfloat16", CONV_TERMS, shared=True, cpu=(ONEDNN,), gpu=(CUDNN,)),
    Addition("numpy-sum-f32", _sum, "float32", 2048, library="numpy", cpu=(NUMPY,)),
    Addition("numpy-dot-f32", _dot, "float32", 1024, library="numpy", cpu=(NUMPY,)),
    Addition("numpy-dot-f64", _dot, "float64", 1024, library="numpy", cpu=(NUMPY,)),
)
