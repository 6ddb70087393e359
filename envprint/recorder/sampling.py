"""Which steps are kept."""

FIRST = 64  # steps that are all kept; from there on as many of each doubling
READ_WHOLE = 8  # of each doubling, steps at which all weights are read


def is_sampled(step: int) -> bool:
    """Tell whether a step, counted from 1, is kept: at the same numbers in every run, 64 of each doubling."""
    return _is_one_of(step, FIRST)


def next_sampled(step: int) -> int:
    """Return the number of the first kept step behind a step, or behind none, which is 0."""
    following = step + 1
    stride = _stride(following, FIRST)
    return -(-following // stride) * stride


def is_read_whole(step: int) -> bool:
    """Tell whether weights, gradients and the optimizer's memory are read too: the first 64, then 8 a doubling."""
    return step <= FIRST or _is_one_of(step, READ_WHOLE)


def _is_one_of(step: int, of_a_doubling: int) -> bool:
    return step % _stride(step, of_a_doubling) == 0


def _stride(step: int, of_a_doubling: int) -> int:
    return 1 << max(0, step.bit_length() - of_a_doubling.bit_length())
