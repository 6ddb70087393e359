"""Fourier transforms and decompositions: MKL or pocketfft, LAPACK, cuFFT, cuSOLVER.

Where a decomposition leaves the sign of a vector open, the largest element of each is made positive.
"""

from collections.abc import Callable
from typing import Any

from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run

SIZE = 40


def fourier(name: str, *shape: int) -> Build:
    """Return a build of `torch.fft.NAME`."""

    def build(torch: Any, x: Inputs) -> Run:
        values = x.uniform("signal", *shape)
        function = getattr(torch.fft, name)
        return lambda: torch.view_as_real(function(values))

    return build


def decomposition(function: Callable[[Any, Any], Any]) -> Build:
    """Return a build of `function(torch, matrix)` over a matrix whose singular values are apart."""

    def build(torch: Any, x: Inputs) -> Run:
        matrix = x.uniform("noise", SIZE, SIZE, scale=-2) + _ladder(torch, x)
        return lambda: function(torch, matrix)

    return build


def tall(function: Callable[[Any, Any], Any]) -> Build:
    """Return a build of `function(torch, matrix)` over a matrix so tall that threads share its columns."""

    def build(torch: Any, x: Inputs) -> Run:
        matrix = x.uniform("noise", 256, 32, scale=-2)
        matrix[:32] += torch.diag(torch.arange(4, 36, dtype=torch.float64)).to(x.floating).to(x.device)
        return lambda: function(torch, matrix)

    return build


def symmetric(function: Callable[[Any, Any], Any]) -> Build:
    """Return a build of `function(torch, matrix)` over a symmetric, positive definite matrix."""

    def build(torch: Any, x: Inputs) -> Run:
        noise = x.uniform("noise", SIZE, SIZE, scale=-4)
        matrix = (noise + noise.t()) + _ladder(torch, x)
        return lambda: function(torch, matrix)

    return build


def svd(torch: Any, matrix: Any) -> Any:
    """Return the singular values and both sets of vectors."""
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    signs = _signs(torch, left, 0)
    return left * signs, values, right * signs.reshape(-1, 1)


def qr(torch: Any, matrix: Any) -> Any:
    """Return both factors, the diagonal of the second made positive."""
    q, r = torch.linalg.qr(matrix)
    signs = torch.sign(torch.diagonal(r))
    return q * signs, r * signs.reshape(-1, 1)


def eigh(torch: Any, matrix: Any) -> Any:
    """Return eigenvalues and eigenvectors."""
    values, vectors = torch.linalg.eigh(matrix)
    return values, vectors * _signs(torch, vectors, 0)


def solve(torch: Any, matrix: Any) -> Any:
    """Solve for eight right sides, which are columns of the matrix turned round."""
    return torch.linalg.solve(matrix, matrix.flip(0)[:, :8])


def _signs(torch: Any, vectors: Any, axis: int) -> Any:
    largest = vectors.abs().argmax(dim=axis, keepdim=True)
    return torch.sign(vectors.gather(axis, largest)).squeeze(axis)


def _ladder(torch: Any, x: Inputs) -> Any:
    """Return the diagonal matrix of 1, 2, 3 and so on: exact, and its values are apart."""
    return torch.diag(torch.arange(1, SIZE + 1, dtype=torch.float64)).to(x.floating).to(x.device)
