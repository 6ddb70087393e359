"""Convolutions, forward and backward: oneDNN, cuDNN."""

from typing import Any

from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run


def convolution(
    name: str,
    images: tuple[int, ...],
    weights: tuple[int, ...],
    *,
    backward: bool = False,
    **options: Any,
) -> Build:
    """Return a build of `torch.nn.functional.NAME`, or of its gradients by images and weights."""

    def build(torch: Any, x: Inputs) -> Run:
        image, weight = x.uniform("images", *images), x.uniform("kernel", *weights)
        function = getattr(torch.nn.functional, name)
        if not backward:
            return lambda: function(image, weight, **options)
        image.requires_grad_(True), weight.requires_grad_(True)
        output = function(image, weight, **options)
        towards = x.uniform("towards", *output.shape)
        return lambda: torch.autograd.grad(function(image, weight, **options), (image, weight), towards)

    return build


def cancelling(torch: Any, x: Inputs) -> Run:
    """Convolve pairs of channels that nearly cancel."""
    channels = x.uniform("images", 1, 16, 12, 12)
    images = torch.cat([channels, channels], dim=1)
    weights = torch.cat([x.uniform("kernel", 16, 16, 3, 3), x.opposed("kernel", 16, 16, 3, 3)], dim=1)
    return lambda: torch.nn.functional.conv2d(images, weights)
