"""What the probes' outputs are, written down a second time: numpy in float64 and Python's math, no torch.

Each formula takes the inputs of its probe and returns one array, or several, of all outputs.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from envprint.probes.inputs import Inputs, steps

Formula = Callable[["Arrays"], Any]
LADDER = np.diag(np.arange(1.0, 41))


class Arrays:
    """The inputs of a probe as numpy arrays of float64."""

    def __init__(self, torch: Any, dtype: str) -> None:
        self._inputs = Inputs(torch, dtype, exact=True)
        self.dtype = dtype

    def __getattr__(self, name: str) -> Callable[..., Any]:
        make = getattr(self._inputs, name)
        return lambda *arguments, **options: make(*arguments, **options).numpy()

    def steps(self, name: str, *shape: int, scale: int = 0) -> Any:
        return steps(name, math.prod(shape), self.dtype, scale).reshape(shape)


def outputs_of(name: str, dtype: str) -> Any:
    """Return all outputs of a probe by its formula, one after the other."""
    import torch

    outputs = FORMULAS[name](Arrays(torch, dtype))
    parts = outputs if isinstance(outputs, tuple) else (outputs,)
    return np.concatenate([np.asarray(part, dtype="float64").reshape(-1) for part in parts])


def each(function: Callable[[float], float], values: Any) -> Any:
    return np.vectorize(function, otypes=[float])(values)


def sums(terms: Any) -> Any:
    """Return the sums along the last axis, each rounded once."""
    rows = terms.reshape(-1, terms.shape[-1]).tolist()
    return np.array([math.fsum(row) for row in rows]).reshape(terms.shape[:-1])


# functions of single elements


def gelu(values: Any) -> Any:
    return values / 2 * each(math.erfc, -values / math.sqrt(2))


def gelu_tanh(values: Any) -> Any:
    return values / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)))


def sigmoid(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


def left_of_products(x: Arrays) -> Any:
    a, b = x.uniform("factor a", 40_007), x.uniform("factor b", 40_007)
    return a * b - (a.astype("float32") * b.astype("float32")).astype("float64")


def python_functions(x: Arrays) -> Any:
    import mpmath

    values = x.steps("math", 256).tolist()
    with mpmath.workdps(40):
        return np.array(
            [float(mpmath.exp(8 * value)) for value in values]
            + [float(mpmath.log(abs(value) + 0.5)) for value in values]
            + [float(mpmath.sin(1024 * value)) for value in values]
            + [float(mpmath.tan(value)) for value in values]
            + [float(mpmath.tanh(value)) for value in values]
            + [float(mpmath.mpf(abs(value) + 0.5) ** (8 * value)) for value in values]
            + [float(mpmath.gamma(4 * abs(value) + 0.5)) for value in values]
        )


# convolutions: a sum over the offsets of the kernel, each a product of channels


def offsets(kernel: Any, size: tuple[int, ...], stride: int) -> Any:
    """Yield each offset of a kernel, with the slices of the padded images that it meets `size` outputs at."""
    for offset in np.ndindex(*kernel.shape[2:]):
        spans = zip(offset, size, strict=True)
        yield (..., *offset), (..., *(slice(start, start + stride * count, stride) for start, count in spans))


def correlate(images: Any, kernel: Any, padding: int = 0, stride: int = 1) -> Any:
    padded = np.pad(images, [(0, 0), (0, 0)] + [(padding, padding)] * (images.ndim - 2))
    size = tuple((n - k) // stride + 1 for n, k in zip(padded.shape[2:], kernel.shape[2:], strict=True))
    return sum(
        np.einsum("ni...,oi->no...", padded[met], kernel[offset]) for offset, met in offsets(kernel, size, stride)
    )


def spread(outputs: Any, kernel: Any, padding: int = 0, stride: int = 1) -> Any:
    """Return the transpose of `correlate`: each output gives to the images that it was made of."""
    size = outputs.shape[2:]
    full = [stride * (n - 1) + k for n, k in zip(size, kernel.shape[2:], strict=True)]
    images = np.zeros((len(outputs), kernel.shape[1], *full))
    for offset, met in offsets(kernel, size, stride):
        images[met] += np.einsum("no...,oi->ni...", outputs, kernel[offset])
    inner = (..., *(slice(padding, -padding or None) for _ in size))
    return images[inner]


def kernel_gradient(images: Any, outputs: Any, kernel: Any, padding: int = 0, stride: int = 1) -> Any:
    padded = np.pad(images, [(0, 0), (0, 0)] + [(padding, padding)] * (images.ndim - 2))
    gradient, flat = np.zeros_like(kernel), outputs.reshape(*outputs.shape[:2], -1)
    for offset, met in offsets(kernel, outputs.shape[2:], stride):
        gradient[offset] = np.einsum("nok,nik->oi", flat, padded[met].reshape(*padded.shape[:2], -1))
    return gradient


def by_group(function: Callable[..., Any], groups: int, axis: int, *arrays: tuple[Any, int]) -> Any:
    """Return the results of groups of channels, one beside the other; each array is split along its own axis."""
    parts = [np.split(array, groups, along) for array, along in arrays]
    return np.concatenate([function(*group) for group in zip(*parts, strict=True)], axis)


def convolution(shape: tuple[int, ...], weights: tuple[int, ...], padding: int = 0, groups: int = 1) -> Formula:
    def formula(x: Arrays) -> Any:
        images, kernel = x.uniform("images", *shape), x.uniform("kernel", *weights)
        return by_group(lambda i, k: correlate(i, k, padding), groups, 1, (images, 1), (kernel, 0))

    return formula


def convolution_backward(
    shape: tuple[int, ...], weights: tuple[int, ...], padding: int = 0, groups: int = 1
) -> Formula:
    def formula(x: Arrays) -> Any:
        images, kernel = x.uniform("images", *shape), x.uniform("kernel", *weights)
        size = [n + 2 * padding - k + 1 for n, k in zip(shape[2:], weights[2:], strict=True)]
        towards = x.uniform("towards", shape[0], weights[0], *size)
        by_images = by_group(lambda t, k: spread(t, k, padding), groups, 1, (towards, 1), (kernel, 0))
        by_kernel = by_group(
            lambda i, t, k: kernel_gradient(i, t, k, padding), groups, 0, (images, 1), (towards, 1), (kernel, 0)
        )
        return by_images, by_kernel

    return formula


def transposed(x: Arrays) -> Any:
    return spread(x.uniform("images", 2, 32, 12, 12), x.uniform("kernel", 32, 8, 3, 3), stride=2)


def transposed_backward(x: Arrays) -> Any:
    images, kernel = x.uniform("images", 2, 32, 12, 12), x.uniform("kernel", 32, 8, 3, 3)
    towards = x.uniform("towards", 2, 8, 25, 25)
    return correlate(towards, kernel, stride=2), kernel_gradient(towards, images, kernel, stride=2)


def convolution_of_opposed(x: Arrays) -> Any:
    images = x.uniform("images", 1, 16, 12, 12)
    return correlate(images, x.uniform("kernel", 16, 16, 3, 3) + x.opposed("kernel", 16, 16, 3, 3))


# layers of networks


def softmax(values: Any) -> Any:
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def logsumexp(values: Any) -> Any:
    return np.log(np.exp(values).sum(-1))


def cross_entropy(x: Arrays) -> Any:
    scores, labels = x.uniform("scores", 64, 1000, scale=3), x.integers("labels", 64, below=1000)
    chosen = np.eye(1000)[labels]
    return (logsumexp(scores) - (scores * chosen).sum(-1)).mean(), (softmax(scores) - chosen) / 64


def normalise(values: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the values less their mean, divided by their deviation; and the deviation."""
    deviation = np.sqrt(values.var(axes, keepdims=True) + 1e-5)
    return (values - values.mean(axes, keepdims=True)) / deviation, deviation


def normalisation(shape: tuple[int, ...], channels: int, grouped: tuple[int, ...], axes: tuple[int, ...]) -> Formula:
    """Return a formula of values that are seen as `grouped` and normalised over `axes`, and of a weight by channel."""

    def formula(x: Arrays) -> Any:
        values, weight, bias = x.uniform("values", *shape, scale=1), x.uniform("w", channels), x.uniform("b", channels)
        along = (channels, *(1 for _ in shape[2:]))
        normal, _ = normalise(values.reshape(grouped), axes)
        return normal.reshape(shape) * weight.reshape(along) + bias.reshape(along)

    return formula


def normalisation_backward(
    shape: tuple[int, ...], channels: int, axes: tuple[int, ...], others: tuple[int, ...]
) -> Formula:
    """Return a formula of the gradients by values, weight and bias; `others` are the axes that share a weight."""

    def formula(x: Arrays) -> Any:
        values, weight = x.uniform("values", *shape, scale=1), x.uniform("w", channels)
        towards = x.uniform("towards", *shape)
        normal, deviation = normalise(values, axes)
        inner = towards * weight.reshape(channels, *(1 for _ in shape[2:]))
        common = inner.mean(axes, keepdims=True) + normal * (inner * normal).mean(axes, keepdims=True)
        return (inner - common) / deviation, (towards * normal).sum(others), towards.sum(others)

    return formula


def attention(x: Arrays) -> Any:
    query, key, value = (x.uniform(name, 2, 2, 72, 32, scale=1) for name in ("query", "key", "value"))
    return softmax(query @ key.swapaxes(-1, -2) / math.sqrt(32)) @ value


def attention_backward(x: Arrays) -> Any:
    query, key, value = (x.uniform(name, 2, 2, 72, 32, scale=1) for name in ("query", "key", "value"))
    towards = x.uniform("towards", 2, 2, 72, 32)
    weights = softmax(query @ key.swapaxes(-1, -2) / math.sqrt(32))
    by_weights = towards @ value.swapaxes(-1, -2)
    by_scores = weights * (by_weights - (by_weights * weights).sum(-1, keepdims=True)) / math.sqrt(32)
    return by_scores @ key, by_scores.swapaxes(-1, -2) @ query, weights.swapaxes(-1, -2) @ towards


def lstm(x: Arrays) -> Any:
    sequence = x.uniform("sequence", 12, 4, 32)
    by_input, by_hidden = x.uniform("w ih", 96, 32), x.uniform("w hh", 96, 24)
    bias = x.uniform("b ih", 96) + x.uniform("b hh", 96)
    hidden = cell = np.zeros((4, 24))
    outputs = []
    for step in sequence:
        gates = step @ by_input.T + hidden @ by_hidden.T + bias
        take, keep, new, show = np.split(gates, 4, axis=1)
        cell = sigmoid(keep) * cell + sigmoid(take) * np.tanh(new)
        hidden = sigmoid(show) * np.tanh(cell)
        outputs.append(hidden)
    return np.stack(outputs), hidden, cell


# gathering and scattering


def embedding(x: Arrays) -> Any:
    table, towards = x.uniform("table", 61, 24), x.uniform("towards", 2048, 24)
    places = x.integers("places", 2048, below=61)
    gradient = np.zeros_like(table)
    np.add.at(gradient, places, towards)
    return table[places], gradient


def index_add(x: Arrays) -> Any:
    table, rows, places = x.uniform("table", 61, 24), x.uniform("rows", 2048, 24), x.integers("places", 2048, below=61)
    np.add.at(table, places, rows)
    return table, x.uniform("towards", 61, 24)[places]


def scatter_add(x: Arrays) -> Any:
    table, rows = x.uniform("table", 61, 24), x.uniform("rows", 2048, 24)
    places = x.integers("places", 2048, 24, below=61)
    np.add.at(table, (places, np.arange(24)), rows)
    return table, np.take_along_axis(x.uniform("towards", 61, 24), places, 0)


def gather(x: Arrays) -> Any:
    table, towards = x.uniform("table", 61, 24), x.uniform("towards", 2048, 24)
    places = x.integers("places", 2048, 24, below=61)
    gradient = np.zeros_like(table)
    np.add.at(gradient, (places, np.arange(24)), towards)
    return np.take_along_axis(table, places, 0), gradient


def triangle(distance: Any) -> Any:
    return np.maximum(1 - abs(distance), 0)


def cubic(distance: Any) -> Any:
    """Return the weights of the cubic convolution with a = -1/2 (Keys, 1981)."""
    d = abs(distance)
    return np.where(d < 1, 1.5 * d**3 - 2.5 * d**2 + 1, np.where(d < 2, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2, 0))


def interpolation(filter_: Callable[[Any], Any]) -> Formula:
    def matrix(old: int, new: int) -> Any:
        centres = (np.arange(new) + 0.5) * old / new - 0.5
        weights = filter_(np.arange(old) - centres[:, None])
        return weights / weights.sum(1, keepdims=True)

    return lambda x: matrix(19, 40) @ x.uniform("images", 2, 3, 19, 23) @ matrix(23, 31).T


# transforms and decompositions: the largest element of each vector is positive


def fourier(length: int) -> Formula:
    def formula(x: Arrays) -> Any:
        spectrum = np.fft.rfft(x.uniform("signal", length))
        return np.stack([spectrum.real, spectrum.imag], -1)

    return formula


def signs(vectors: Any) -> Any:
    largest = abs(vectors).argmax(0)
    return np.sign(vectors[largest, np.arange(vectors.shape[1])])


def svd(x: Arrays) -> Any:
    matrix = x.uniform("noise", 256, 32, scale=-2)
    matrix[:32] += np.diag(np.arange(4.0, 36))
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    return left * signs(left), values, right * signs(left)[:, None]


def square(x: Arrays) -> Any:
    return x.uniform("noise", 40, 40, scale=-2) + LADDER


def symmetric(x: Arrays) -> Any:
    noise = x.uniform("noise", 40, 40, scale=-4)
    return noise + noise.T + LADDER


def qr(x: Arrays) -> Any:
    q, r = np.linalg.qr(square(x))
    positive = np.sign(np.diagonal(r))
    return q * positive, r * positive[:, None]


def eigh(x: Arrays) -> Any:
    values, vectors = np.linalg.eigh(symmetric(x))
    return values, vectors * signs(vectors)


# training


def sgd(x: Arrays) -> Any:
    weight, momentum = x.uniform("weights", 2048), 0.0
    for step in range(5):
        momentum = 0.9 * momentum + x.uniform(f"gradient {step}", 2048)
        weight = weight - 0.125 * momentum
    return weight


def adam(x: Arrays) -> Any:
    weight, mean, square_ = x.uniform("weights", 2048), 0.0, 0.0
    for step in range(5):
        gradient = x.uniform(f"gradient {step}", 2048)
        mean = 0.9 * mean + 0.1 * gradient
        square_ = 0.999 * square_ + 0.001 * gradient**2
        size = np.sqrt(square_ / (1 - 0.999 ** (step + 1))) + 1e-8
        weight = weight - 0.125 / (1 - 0.9 ** (step + 1)) * mean / size
    return weight


def training(x: Arrays) -> Any:
    """Train convolution, GELU, linear, tanh, linear for 20 steps, with gradients worked out by hand."""
    images, labels = x.uniform("images", 16, 1, 10, 10), np.eye(10)[x.integers("labels", 16, below=10)]
    w1, b1 = x.uniform("w1", 4, 1, 3, 3), x.uniform("b1", 4)
    w2, b2, w3 = x.uniform("w2", 32, 256, scale=-2), x.uniform("b2", 32), x.uniform("w3", 10, 32, scale=-1)
    for _ in range(20):
        before = correlate(images, w1) + b1[:, None, None]
        hidden = gelu(before).reshape(16, 256)
        inner = np.tanh(hidden @ w2.T + b2)
        by_scores = (softmax(inner @ w3.T) - labels) / 16
        by_inner = by_scores @ w3 * (1 - inner**2)
        slope = each(math.erfc, -before / math.sqrt(2)) / 2 + before * np.exp(-(before**2) / 2) / math.sqrt(2 * math.pi)
        by_before = (by_inner @ w2).reshape(before.shape) * slope
        w1, b1 = w1 - kernel_gradient(images, by_before, w1) / 8, b1 - by_before.sum((0, 2, 3)) / 8
        w2, b2, w3 = w2 - by_inner.T @ hidden / 8, b2 - by_inner.sum(0) / 8, w3 - by_scores.T @ inner / 8
    return w1, b1, w2, b2, w3


def fused_chain(x: Arrays) -> Any:
    scores = softmax(gelu(x.uniform("values", 64, 128, scale=1)))
    return normalise(scores - scores.std(-1, ddof=1, keepdims=True), (-1,))[0]


def bytes_product(x: Arrays) -> Any:
    rows, weight = x.integers("bytes", 16, 256, below=256), x.integers("weights", 64, 256, below=255) - 127
    rows[:, 0], rows[:, 1], weight[:, 0] = 0, 255, 127
    return rows @ weight.T


def linear(batch: int) -> Formula:
    return lambda x: x.uniform("rows", 64, 1024)[:batch] @ x.uniform("weight", 96, 1024).T + x.uniform("bias", 96)


def matmul(rows: int, inner: int, columns: int) -> Formula:
    return lambda x: x.uniform("left", rows, inner) @ x.uniform("right", inner, columns)


def matmul_of_opposed(rows: int, inner: int, columns: int) -> Formula:
    return lambda x: (
        x.uniform("left", rows, inner) @ (x.uniform("right", inner, columns) + x.opposed("right", inner, columns))
    )


def long(x: Arrays) -> Any:
    return x.uniform("long", 262_147)


def rows(x: Arrays, length: int = 61) -> Any:
    return x.uniform("rows", 16_384 // length + 1, length, scale=2)


def cancellation(x: Arrays) -> Any:
    return sums(x.uniform("small", 16, 1024, scale=-10))


PLANE, SPACE, IMAGES = (2, 32, 12, 12), (2, 16, 7, 8, 8), (4, 8, 12, 12)

FORMULAS: dict[str, Formula] = {
    "exp-f32": lambda x: np.exp(x.uniform("exp", 40_007, scale=3)),
    "exp-f64": lambda x: np.exp(x.uniform("exp", 4_099, scale=3)),
    "log-f32": lambda x: np.log(x.positive("log", 40_007)),
    "sin-large-f32": lambda x: np.sin(x.uniform("sin", 40_007, scale=20)),
    "tanh-f32": lambda x: np.tanh(x.uniform("tanh", 40_007, scale=2)),
    "sigmoid-f32": lambda x: sigmoid(x.uniform("sigmoid", 40_007, scale=3)),
    "lgamma-f32": lambda x: each(math.lgamma, x.positive("lgamma", 40_007, scale=3)),
    "pow-f32": lambda x: x.positive("base", 40_007, scale=2) ** x.uniform("exponent", 40_007, scale=2),
    "gelu-f32": lambda x: gelu(x.uniform("gelu", 40_007, scale=3)),
    "gelu-tanh-f32": lambda x: gelu_tanh(x.uniform("gelu", 40_007, scale=3)),
    "addcmul-cancel-f32": left_of_products,
    "denormals-f32": lambda x: x.uniform("denormals", 4_099, scale=-118) / 2,
    "cast-ties-bf16": lambda _: np.floor(steps("ties", 4_099, "float16") * 256) / 256 + 1 / 512,
    "sum-long-f32": lambda x: math.fsum(long(x)),
    "sum-huge-f32": lambda x: 16 * math.fsum(long(x)),
    "sum-long-f64": lambda x: math.fsum(long(x)),
    "sum-long-bf16": lambda x: math.fsum(long(x)),
    "sum-long-f16": lambda x: math.fsum(long(x)),
    "sum-rows-f32": lambda x: sums(rows(x)),
    "sum-columns-f32": lambda x: sums(x.uniform("columns", 1031, 67).T),
    "sum-cancel-f32": cancellation,
    "mean-long-f32": lambda x: math.fsum(long(x)) / 262_147,
    "var-long-f32": lambda x: math.fsum((long(x) - long(x).mean()) ** 2) / 262_146,
    "norm-long-f32": lambda x: math.sqrt(math.fsum(long(x) ** 2)),
    "mean-rows-f32": lambda x: sums(rows(x)) / 61,
    "norm-rows-f32": lambda x: np.sqrt(sums(rows(x) ** 2)),
    "cumsum-long-f32": lambda x: rows(x, 8192).cumsum(1),
    "cumsum-rows-f32": lambda x: rows(x).cumsum(1),
    "logsumexp-long-f32": lambda x: logsumexp(rows(x, 8192)),
    "logsumexp-rows-f32": lambda x: logsumexp(rows(x)),
    "matmul-square-f64": matmul(96, 96, 96),
    "matmul-square-f32": matmul(160, 160, 160),
    "matmul-square-bf16": matmul_of_opposed(64, 256, 64),
    "matmul-square-f16": matmul_of_opposed(32, 128, 32),
    "matmul-thin-f32": matmul(1024, 12, 16),
    "matmul-deep-f32": matmul(8, 8192, 8),
    "matmul-batched-f32": lambda x: x.uniform("left", 8, 48, 64) @ x.uniform("right", 8, 64, 40),
    "matvec-f32": lambda x: sums(x.uniform("matrix", 256, 1024) * x.uniform("vector", 1024)),
    "dot-f32": lambda x: math.fsum(x.uniform("left", 100_003) * x.uniform("right", 100_003)),
    "linear-1-f32": linear(1),
    "linear-2-f32": linear(2),
    "linear-64-f32": linear(64),
    "linear-64-bf16": linear(64),
    "einsum-f32": lambda x: x.uniform("first", 4, 24, 32) @ x.uniform("second", 4, 32, 40) @ x.uniform("third", 40, 16),
    "linear-int8": bytes_product,
    "conv2d-1x1-f32": convolution(PLANE, (32, 32, 1, 1)),
    "conv2d-1x1-backward-f32": convolution_backward(PLANE, (32, 32, 1, 1)),
    "conv2d-3x3-f32": convolution(PLANE, (32, 32, 3, 3), padding=1),
    "conv2d-3x3-backward-f32": convolution_backward(PLANE, (32, 32, 3, 3), padding=1),
    "conv2d-depthwise-f32": convolution(PLANE, (32, 1, 3, 3), padding=1, groups=32),
    "conv2d-depthwise-backward-f32": convolution_backward(PLANE, (32, 1, 3, 3), padding=1, groups=32),
    "conv2d-transposed-f32": transposed,
    "conv2d-transposed-backward-f32": transposed_backward,
    "conv3d-f32": convolution(SPACE, (16, 16, 3, 3, 3)),
    "conv3d-backward-f32": convolution_backward(SPACE, (16, 16, 3, 3, 3)),
    "conv2d-3x3-bf16": convolution_of_opposed,
    "batch-norm-f32": normalisation(IMAGES, 8, IMAGES, (0, 2, 3)),
    "batch-norm-backward-f32": normalisation_backward(IMAGES, 8, (0, 2, 3), (0, 2, 3)),
    "layer-norm-f32": normalisation((48, 192), 192, (48, 192), (1,)),
    "layer-norm-backward-f32": normalisation_backward((48, 192), 192, (1,), (0,)),
    "group-norm-f32": normalisation(IMAGES, 8, (4, 4, 2 * 144), (2,)),
    "softmax-f32": lambda x: softmax(x.uniform("scores", 64, 1000, scale=3)),
    "softmax-rows-f32": lambda x: softmax(x.uniform("scores", 512, 17, scale=3)),
    "cross-entropy-f32": cross_entropy,
    "attention-math-f32": attention,
    "attention-math-backward-f32": attention_backward,
    "attention-flash-f32": attention,
    "attention-flash-backward-f32": attention_backward,
    "attention-flash-bf16": attention,
    "attention-flash-backward-bf16": attention_backward,
    "attention-efficient-f32": attention,
    "attention-efficient-backward-f32": attention_backward,
    "attention-cudnn-bf16": attention,
    "attention-cudnn-backward-bf16": attention_backward,
    "lstm-f32": lstm,
    "embedding-f32": embedding,
    "index-add-f32": index_add,
    "scatter-add-f32": scatter_add,
    "gather-f32": gather,
    "interpolate-bilinear-f32": interpolation(triangle),
    "interpolate-bicubic-f32": interpolation(cubic),
    "rfft-f32": fourier(16_384),
    "rfft-odd-f32": fourier(10_007),
    "svd-f32": svd,
    "qr-f32": qr,
    "solve-f32": lambda x: np.linalg.solve(square(x), square(x)[::-1, :8]),
    "eigh-f32": eigh,
    "cholesky-f32": lambda x: np.linalg.cholesky(symmetric(x)),
    "sgd-steps-f32": sgd,
    "adam-steps-f32": adam,
    "training-f32": training,
    "optim-sgd-f32": sgd,
    "optim-adam-f32": adam,
    "optim-adam-fused-f32": adam,
    "compiled-chain-f32": fused_chain,
    "numpy-exp-f32": lambda x: np.exp(x.steps("exp", 4_099, scale=2)),
    "numpy-exp-f64": lambda x: each(math.exp, x.steps("exp", 4_099, scale=2)),
    "numpy-sum-f32": lambda x: sums(x.steps("sum", 16, 8_191)),
    "numpy-dot-f32": lambda x: math.fsum(x.steps("left", 100_003) * x.steps("right", 100_003)),
    "numpy-dot-f64": lambda x: math.fsum(x.steps("left", 100_003) * x.steps("right", 100_003)),
    "numpy-matmul-f32": lambda x: x.steps("left", 96, 160) @ x.steps("right", 160, 64),
    "math-f64": python_functions,
    "builtin-sum-f64": lambda x: sums(x.steps("builtin", 32, 257)),
}
