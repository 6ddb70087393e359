"""Measure how long the order of a product takes, asked a row a question, and asked a product a question."""

import time
from collections.abc import Sequence
from typing import Any

from envprint.probes.order.asking import AskedKernel
from envprint.probes.order.kernels import ORDERS
from envprint.probes.order.tree import Pair, Tree, reveal

TERMS = 1024
HUGE = 2.0**100
AT_LEAST = 50  # times faster


def measure_orders() -> list[tuple[str, float, float]]:
    """Return name, seconds with one question in each row, and seconds with one question in each product."""
    import torch

    addition = next(each for each in ORDERS if each.name == "matmul-f32")
    one, product = torch.ones(TERMS, TERMS), torch.ones(TERMS, TERMS)
    torch.mm(one, product)  # the first product of a process starts the threads
    ours, ours_seconds = _timed(lambda: reveal(AskedKernel(addition, torch).ask, TERMS))
    theirs, theirs_seconds = _timed(lambda: reveal(lambda pairs: _one_by_one(torch, pairs, one, product), TERMS))
    if ours != theirs:
        raise AssertionError("the two ways reveal different trees")
    return [(f"order of matmul, float32, n = {TERMS}", ours_seconds, theirs_seconds)]


def _one_by_one(torch: Any, pairs: Sequence[Pair], left: Any, right: Any) -> list[int]:
    answers = []
    for plus, minus in pairs:
        left[0, plus], left[0, minus] = HUGE, -HUGE
        answers.append(TERMS - int(torch.mm(left, right)[0, 0]))
        left[0, plus] = left[0, minus] = 1.0
    return answers


def _timed(call: Any) -> tuple[Tree, float]:
    began = time.perf_counter()
    tree = call()
    return tree, time.perf_counter() - began


if __name__ == "__main__":
    for name, ours, theirs in measure_orders():
        print(f"{name}: {ours:.3f} s, {theirs:.3f} s, {theirs / ours:.1f} times")
