"""How the values of a batch rank among its samples: what no other scale changes, and no other sample has."""

import math
import sys
from typing import Any

from envprint.recorder.rows import BYTE

MOST = 256  # values of each sample, and samples, that are looked at
FEWEST = 2  # samples, of which one stands before the other
TELLING = 45.0  # logarithm of the number of orders from which on other samples do not have the same by chance


def ranks_of(parts: list[Any]) -> str:
    """Return digests of the order of samples at each place of a batch, and of its numbers, their mean and deviation.

    Data that is normalised with other statistics, by place, by channel or as a whole, has the same order. Nothing is
    returned where there is no such tensor, or too few of its numbers differ.
    """
    torch: Any = sys.modules["torch"]
    tensors = [part for part in parts if not isinstance(part, str) and part.is_floating_point() and part.dim() > 1]
    tensor = next((each for each in tensors if len(each) >= FEWEST and each.numel()), None)
    if tensor is None:
        return ""
    values = tensor.detach()[:MOST].reshape(min(len(tensor), MOST), -1)[:, :MOST].cpu().float()
    places = int((values.amax(dim=0) != values.amin(dim=0)).sum())
    if places * math.lgamma(len(values) + 1) < TELLING:
        return ""
    order = torch.argsort(values, dim=0, stable=True).to(torch.int16).contiguous()
    digests = map(_digest, (order, values.contiguous()))
    said = "ranks=xxh3-128:{} values=xxh3-128:{}".format(*digests)
    return f"{said} mean={values.mean().item():.6g} deviation={values.std().item():.6g}"


def _digest(tensor: Any) -> str:
    import xxhash

    content = (BYTE * tensor.nbytes).from_address(tensor.data_ptr())
    return xxhash.xxh3_128_hexdigest(content)
