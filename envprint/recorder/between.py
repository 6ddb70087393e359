"""What is noted at steps between those that are kept: as little, and in as few lines and calls, as can be.

Behind a step, which takes the processor's caches, a function of Python's costs 5 µs and a lock as much. So these note
what is usual on their own, and leave the rest, and each step that is kept, to the recording: they return whether they
did. What they note is what that would, and they call nothing of Python's, which torch.compile might look at.
"""

import time
from typing import TYPE_CHECKING, Any

import xxhash

from envprint.recorder.batch import Read
from envprint.recorder.batches import told_of
from envprint.recorder.calls import GRAPHS
from envprint.recorder.chaining import AT_ONCE, Here
from envprint.recorder.standing_importlib_bootstrap import Known

if TYPE_CHECKING:
    from envprint.recorder.recording import Recording


def loss_known(recording: "Recording", torch: Any) -> Known:
    """Return what notes a loss whose gradients are asked for."""
    steps, computing, kind = recording.steps, torch._C._current_graph_task_id, torch.Tensor  # noqa: SLF001

    def known(loss: Any = None, *_: Any, **__: Any) -> bool:
        if steps.is_kept or not steps.is_simple or type(loss) is not kind or not recording.optimizers or GRAPHS:
            return False
        try:
            if computing() != -1:  # what a checkpoint computes again
                return True
            if not loss.is_cpu or type(number := loss.item()) is complex:
                return False
        except Exception:  # noqa: BLE001 - it has many numbers, or none
            return False
        steps.loss = number
        return True

    return known


def begin_known(recording: "Recording") -> Known:
    """Return what notes the state of torch's generator and the learning rates, as a step of an optimizer begins."""
    steps, digest = recording.steps, xxhash.xxh3_128_hexdigest

    def known(optimizer: Any, *_: Any) -> bool:
        memory = steps.memory
        if steps.is_kept or not steps.is_simple or memory is None or GRAPHS:
            return False
        if memory.floats.value or memory.normals.value:
            return False
        rates = []
        try:
            for group in optimizer.param_groups:
                if type(rate := group.get("lr")) is not float:
                    return False
                rates.append(rate)
        except Exception:  # noqa: BLE001 - the recording will say what was raised
            return False
        begun, stepping = (digest(memory.words), rates), id(optimizer)
        if steps.turned_to != steps.count + 1 or steps.is_kept:  # no other thread comes between this and what follows
            return False
        steps.count, steps.stepping, steps.pending = steps.turned_to, stepping, begun
        return True

    return known


def end_known(recording: "Recording") -> Known:
    """Return what notes the rest of a step that `begin_known` noted the beginning of."""
    steps, keeper, now = recording.steps, recording.keeper, time.monotonic
    chain, batches = steps.chain, steps.batches

    def known(optimizer: Any, *_: Any) -> bool:
        begun, waiting = steps.pending, batches.waiting
        if type(begun) is not tuple or steps.stepping != id(optimizer) or batches.ahead or GRAPHS:
            return False
        if len(chain.links) >= AT_ONCE - 1 or chain.is_far or now() > keeper.due:
            return False
        try:
            if (model := steps.owner()) is None or model.training is not True:  # type: ignore[misc]
                return False
        except Exception:  # noqa: BLE001 - there is no model, or it has no mode
            return False
        if steps.mode is not None or False in steps.modes:
            return False
        for read in waiting:
            if type(read) is not Read:
                return False
        link = Here(facts_of, *begun, waiting, True), steps.loss, None
        if steps.pending is not begun or steps.is_kept or steps.following <= steps.count:
            return False
        batches.waiting, steps.pending, steps.stepping, steps.loss, steps.passes = [], None, 0, None, 0
        chain.unmade += 1
        chain.links.append(link)
        steps.modes.clear()
        steps.is_kept, steps.is_usual = steps.following == steps.count + 1, steps.usual == steps.count + 1
        steps.turned_to = steps.count + 1
        return True

    return known


def facts_of(generator: str, rates: list[float], batches: list[Any], training: Any) -> dict[str, Any]:
    """Return what a step showed, as the recording would have noted it."""
    return {**beginning_of(generator, rates), **(told_of(batches) if batches else {}), "training": training}


def beginning_of(generator: str, rates: list[float]) -> dict[str, Any]:
    """Return what a step showed as it began."""
    return {"generators": {"torch": f"xxh3-128:{generator}"}, "rates": tuple(rates)}
