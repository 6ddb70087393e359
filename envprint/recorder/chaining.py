"""The chain over all steps, kept or not: each link is the digest of the one before and of what a step showed.

A loss on another device is left there, since reading it waits for all that the device has to do: its number enters the
chain, with the others in one read, at the next step that is kept.
"""

import sys
from collections.abc import Mapping
from typing import Any

from envprint.recorder.sampling import chained

MOST_WAITING = 4096


class Chain:
    """The chain so far, and the steps that wait for their losses to be read."""

    def __init__(self) -> None:
        self.digest = ""
        self.waiting: list[tuple[str, Any]] = []

    def add(self, facts: Mapping[str, Any], loss: Any) -> None:
        """Add a step: what it showed, and its loss as a number, as a tensor on another device, or None."""
        if hasattr(loss, "device") or self.waiting:
            self.waiting.append((chained("", facts), loss))
            if len(self.waiting) >= MOST_WAITING:
                self.read()
        else:
            self._link(chained("", facts), loss)

    def read(self) -> str | None:
        """Read the losses that wait, and return the last as the ledger has it."""
        tensors = [loss for _, loss in self.waiting if hasattr(loss, "device")]
        numbers = iter(_read(tensors))
        last = None
        for facts, loss in self.waiting:
            last = next(numbers) if hasattr(loss, "device") else loss
            self._link(facts, last)
        self.waiting = []
        return last

    def _link(self, facts: str, loss: str | None) -> None:
        self.digest = chained(self.digest, {"facts": facts, "loss": loss})


def kept_back(loss: Any) -> Any:
    """Return a loss as the ledger has it where it lies in this machine's memory, else a copy that stays where it is."""
    if getattr(loss, "numel", lambda: 0)() != 1 or loss.is_complex():
        return None
    if loss.device.type == "cpu":
        return float(loss.detach()).hex()
    return loss.detach().clone().reshape(())


def _read(losses: list[Any]) -> list[str]:
    """Return the numbers of several losses, in one read for each device."""
    if not losses:
        return []
    torch = sys.modules["torch"]
    if len({each.device for each in losses}) > 1:
        return [float(each).hex() for each in losses]
    return [float(each).hex() for each in torch.stack([each.double() for each in losses]).tolist()]
