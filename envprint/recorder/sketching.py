"""How large tensors are, and a sketch of them: those of two runs tell how far apart the tensors themselves are.

A sketch is four sums of a tensor's numbers, each number with a sign that depends on its place: of the difference of two
tensors the sketch is the difference of theirs, and its norm is, but for a factor near 1, that of the difference
(Charikar, Chen, Farach-Colton: Finding frequent items in data streams). A sum or a norm alone would not tell numbers in
another order, or with other signs, from the same.
"""

import base64
import functools
import math
import struct
from functools import partial
from typing import Any

from envprint.models.on_device import Later
from envprint.models.reading import Reading

BUCKETS = 4
PERIOD = BUCKETS * 16381  # a prime: what repeats in a tensor, as its rows do, does not repeat with the signs
UNREAD = "", "", ""
Told = str | Later[str]


def look_at(tensors: list[Any], torch: Any, reading: Reading | None = None) -> tuple[str, Told, Told]:
    """Return the type, the norm and the sketch of all tensors with numbers that round; empty texts without any.

    With a reading, norm and sketch of what lies on a device are functions, until it has come.
    """
    from envprint.models.values import dtype_of, is_array

    known = [each.detach() for each in tensors if is_array(each, torch) and not each.is_meta]
    rounding = [each for each in known if each.is_floating_point() or each.is_complex()]
    if not rounding:
        return UNREAD
    with torch.no_grad():
        found = [_looked(_flat(each), torch) for each in rounding]
    if reading is None or all(each.is_cpu for each in found):
        return dtype_of(rounding[0]), *_said([each.tolist() for each in found])
    come = [reading.fetch(each) for each in found]

    def said(place: int) -> str:
        return _said([each().tolist() for each in come])[place]

    return dtype_of(rounding[0]), partial(said, 0), partial(said, 1)


def _said(found: list[list[float]]) -> tuple[str, str]:
    """Return the norm and the sketch of tensors of each of which there are its norm and four sums."""
    norms, sums = [each[0] for each in found], [each[1:] for each in found]
    total = [sum(each[place] * (-1) ** number for number, each in enumerate(sums)) for place in range(BUCKETS)]
    return f"{math.hypot(*norms):.6g}", _packed(total)


def _flat(tensor: Any) -> Any:
    """Return the numbers of a tensor in one row, of a type that adds them well."""
    real = tensor.resolve_conj().view(tensor.real.dtype) if tensor.is_complex() else tensor.resolve_neg()
    row = real.reshape(-1)
    return row if str(row.dtype) in {"torch.float64", "torch.float32"} else row.float()


def _looked(row: Any, torch: Any) -> Any:
    """Return the norm, and the sums of four classes of places, with signs."""
    wide = torch.float32 if row.device.type == "mps" else torch.float64
    folded = _folded(row, wide)
    signed = folded * _signs(str(row.device), wide, torch)[: len(folded)]
    if rest := -len(signed) % BUCKETS:
        signed = torch.cat([signed, signed.new_zeros(rest)])
    return torch.cat([torch.linalg.vector_norm(row).to(wide).view(1), signed.view(-1, BUCKETS).sum(0)])


def _folded(row: Any, wide: Any) -> Any:
    """Return the sums of the numbers of a row that have the same sign and class, of a short one its numbers."""
    whole = len(row) - len(row) % PERIOD
    if not whole:
        return row.to(wide)
    folded = row[:whole].view(-1, PERIOD).sum(0, dtype=wide)
    folded[: len(row) - whole] += row[whole:]
    return folded


@functools.lru_cache(maxsize=16)
def _signs(device: str, dtype: Any, torch: Any) -> Any:
    """Return a sign for each place, the same everywhere; no generator is drawn from."""
    places = torch.arange(1, PERIOD + 1, dtype=torch.int64, device="cpu")
    mixed = places * 0x2545F4914F6CDD1D
    mixed = (mixed ^ (mixed >> 29)) * 0x369DEA0F31A53F85
    return (1 - 2 * ((mixed >> 41) & 1)).to(device=device, dtype=dtype, non_blocking=True)


def _packed(sums: list[float]) -> str:
    """Return four numbers of 32 bits as a text."""
    try:
        kept = struct.pack(f"<{BUCKETS}f", *sums)
    except OverflowError:
        return ""
    return base64.b64encode(kept).decode().rstrip("=")
