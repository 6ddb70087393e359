"""The chain over all steps, kept or not: each link is the digest of the one before and of what a step showed.

A loss on another device is left there, since reading it waits for all that the device has to do: with each step that is
kept the device is asked for the losses so far, and the links are made, in order, once they have come.
"""

import contextlib
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from envprint.models.on_device import Later
from envprint.models.reading import Reading
from envprint.recorder.sampling import chained

MOST_WAITING = 4096  # steps whose losses no device was asked for yet
Keep = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Link:
    """A step that is not in the chain yet; what is a function is to come. `entry` is that of the ledger, if any."""

    facts: Mapping[str, Any]
    loss: Any
    entry: dict[str, Any] | None


class Chain:
    """The chain so far, and the steps that wait for what devices were asked for; `keep` takes the ledger's entries."""

    def __init__(self, keep: Keep = lambda _: None) -> None:
        self.digest = ""
        self.keep = keep
        self.links: list[Link] = []
        self.asked: deque[tuple[list[Link], Reading]] = deque()

    def add(
        self, facts: Mapping[str, Any], loss: Any, entry: dict[str, Any] | None = None, reading: Reading | None = None
    ) -> None:
        """Add a step: what it showed, and its loss as a number, as a tensor on another device, or None.

        `reading` is what was asked of devices for an `entry`: it is started here.
        """
        link = Link(facts, loss, entry)
        late = any(map(callable, (entry or facts).values())) or hasattr(loss, "device")
        if not (late or self.links or self.asked):
            self._make(link)
            return
        self.links.append(link)
        if entry is not None or len(self.links) >= MOST_WAITING:
            self._ask(reading or Reading())
        self.settle()

    def settle(self) -> None:
        """Make the links of all that has come by now."""
        while self.asked and self.asked[0][1].is_here():
            for link in self.asked.popleft()[0]:
                self._make(link)

    def finish(self, seconds: float) -> bool:
        """Make all links, and wait some seconds at most for each device; return whether all had come."""
        if self.links:
            self._ask(Reading())
        while self.asked and self.asked[0][1].wait(seconds):
            self.settle()
        return not self.asked

    def _ask(self, reading: Reading) -> None:
        links, self.links = self.links, []
        _fetch_losses(links, reading)
        reading.start()
        self.asked.append((links, reading))

    def _make(self, link: Link) -> None:
        facts, loss = _come(link.facts), link.loss() if callable(link.loss) else link.loss
        self.digest = chained(self.digest, {"facts": chained("", facts), "loss": loss})
        if link.entry is not None:
            known = {} if loss is None else {"loss": loss}
            self.keep({**_come(link.entry), "chain": self.digest, **known})


def kept_back(loss: Any) -> Any:
    """Return a loss as the ledger has it where it lies in this machine's memory, else a copy that stays where it is."""
    if getattr(loss, "numel", lambda: 0)() != 1 or loss.is_complex():
        return None
    if loss.device.type == "cpu":
        return float(loss.detach()).hex()
    return loss.detach().clone().reshape(())


def _come(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts all of which have come; without those that a device could not give after all."""
    found = {}
    for name, value in facts.items():
        with contextlib.suppress(KeyError):
            found[name] = value() if callable(value) else value
    return found


def _fetch_losses(links: list[Link], reading: Reading) -> None:
    """Ask for the losses that lie on devices, in one copy for each kind of them."""
    kinds: dict[Any, list[Link]] = {}
    for link in links:
        if hasattr(link.loss, "device"):
            kinds.setdefault((link.loss.device, link.loss.dtype), []).append(link)
    for alike in kinds.values():
        come = reading.fetch(sys.modules["torch"].stack([link.loss for link in alike]))
        for place, link in enumerate(alike):
            link.loss = _told(come, place)


def _told(come: Later[Any], place: int) -> Later[str]:
    return lambda: float(come()[place]).hex()
