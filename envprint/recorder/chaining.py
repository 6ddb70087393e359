"""The chain over all steps, kept or not: each link is the digest of the one before and of what a step showed.

A loss on another device is left there, since reading it waits for all that the device has to do: with each step that is
kept the device is asked for the losses so far, and the links are made, in order, once they have come.
"""

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
    """The chain so far, and the steps that wait for what devices were asked for; `keep` takes the ledger's entries.

    `reading` is what they are asked for until the next step that is kept, `unread` why something could not be read.
    """

    def __init__(self, keep: Keep = lambda _: None) -> None:
        self.digest = ""
        self.keep = keep
        self.reading = Reading()
        self.links: list[Link] = []
        self.asked: deque[tuple[list[Link], Reading]] = deque()
        self.unread: dict[str, str] = {}

    def add(self, facts: Mapping[str, Any], loss: Any, entry: dict[str, Any] | None = None) -> None:
        """Add a step: what it showed, and its loss as a number, as a tensor on another device, or None."""
        link = Link(facts, loss, entry)
        late = any(map(callable, (entry or facts).values())) or hasattr(loss, "device")
        if not (late or self.links or self.asked):
            self._make(link)
            return
        self.links.append(link)
        if entry is not None or len(self.links) >= MOST_WAITING:
            self._ask()
        self.settle()

    def settle(self) -> None:
        """Make the links of all that has come by now."""
        while self.asked and self.asked[0][1].is_here():
            for link in self.asked.popleft()[0]:
                self._make(link)

    def finish(self, seconds: float) -> bool:
        """Make all links, and wait some seconds at most for what devices were asked; return whether all had come."""
        self.settle()
        if self.links:
            self._ask()
        while self.asked and self.asked[0][1].wait(seconds):
            self.settle()
        return not self.asked

    def _ask(self) -> None:
        links, self.links = self.links, []
        reading, self.reading = self.reading, Reading()
        try:
            _fetch_losses(links, reading)
            reading.start()
        except RuntimeError as exc:  # no memory is left, or the device does not work any more: what is to come does not
            self._note("devices", exc)
            links, reading = [_without_late(link) for link in links], Reading()
        self.asked.append((links, reading))

    def _make(self, link: Link) -> None:
        facts = self._come(link.facts)
        loss = self._come({"loss": link.loss}).get("loss")
        self.digest = chained(self.digest, {"facts": chained("", facts), "loss": loss})
        if link.entry is not None:
            known = {} if loss is None else {"loss": loss}
            self.keep({**self._come(link.entry), "chain": self.digest, **known})

    def _come(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return facts all of which have come; without those that could not be read after all."""
        found = {}
        for name, value in facts.items():
            try:
                found[name] = value() if callable(value) else value
            except Exception as exc:  # noqa: BLE001 - a step with less in it is a step
                self._note(name, exc)
        return found

    def _note(self, name: str, raised: Exception) -> None:
        from envprint.manifest.gaps import gap_from

        self.unread.setdefault(name, gap_from(raised).reason)


def kept_back(loss: Any) -> Any:
    """Return a loss as the ledger has it where it lies in this machine's memory, else a copy that stays where it is."""
    if getattr(loss, "numel", lambda: 0)() != 1 or loss.is_complex():
        return None
    return float(loss.item()).hex() if loss.is_cpu else loss.detach().clone().reshape(())


def _without_late(link: Link) -> Link:
    facts, entry = ({k: v for k, v in each.items() if not callable(v)} for each in (link.facts, link.entry or {}))
    late = callable(link.loss) or hasattr(link.loss, "device")
    return Link(facts, None if late else link.loss, entry if link.entry is not None else None)


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
