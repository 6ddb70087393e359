"""Whether one tensor begins with all rows of another: an embedding that grew, projections that were joined."""

from envprint.models.content import Content


def begins_alike(a: Content, b: Content) -> bool:
    """Tell whether the rows of the shorter of two contents are the first ones of the longer, byte for byte."""
    if a.dtype != b.dtype or not a.shape or not b.shape or a.shape[1:] != b.shape[1:]:
        return False
    return all(x[: len(y)] == y[: len(x)] for x, y in zip(a.blocks(), b.blocks(), strict=False))
