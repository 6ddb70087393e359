"""Normalise, as torchvision does it."""

from typing import Any


class Normalize:
    def __init__(self, mean: Any, std: Any) -> None:
        self.mean, self.std = mean, std

    def __call__(self, values: Any) -> Any:
        return (values - self.mean[0]) / self.std[0]
