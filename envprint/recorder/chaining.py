"""The chain over all steps, kept or not: each link is the digest of the one before and of what a step showed.

A loss on another device is left there, since reading it waits for all that the device has to do: with each step that is
kept the device is asked for the losses so far, and the links are made, in order, once they have come. They are made
several at once, since one of them takes ten times as long behind a step of a run as behind another link.
"""

import functools
import sys
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import xxhash

from envprint.models.on_device import Later
from envprint.models.reading import Reading

MOST_WAITING = 64  # steps of which no device was asked for what it has
AT_ONCE = 64  # links that are made together
Keep = Callable[[dict[str, Any]], None]
Entry = dict[str, Any] | None


class Here(functools.partial[Any]):
    """What is known when it is called: all that it takes lies in this machine's memory, as it was."""


Facts = Mapping[str, Any] | Here
Link = tuple[Facts, Any, Entry]  # a step that is not in the chain yet: what it showed, its loss, its entry


class Chain:
    """The chain so far, and the steps that wait for what devices were asked for; `keep` takes the ledger's entries.

    `reading` is what they are asked for until the next step that is kept, `unread` why something could not be read.
    """

    def __init__(self, keep: Keep = lambda _: None) -> None:
        self.digest = ""
        self.keep = keep
        self.reading = Reading()
        self.links: list[Link] = []
        self.unmade = 0
        self.is_far = False
        self.asked: deque[tuple[list[Link], Reading]] = deque()
        self.unread: dict[str, str] = {}

    def add(self, facts: Mapping[str, Any], loss: Any, entry: Entry = None) -> None:
        """Add a step: what it showed, and its loss as a number, as a tensor on another device, or None."""
        self.links.append((facts, loss, entry))
        self.unmade += 1
        if entry is not None or len(self.links) >= MOST_WAITING:
            self._ask()
        if self.is_far or (self.unmade >= AT_ONCE and not self.links):  # what devices gave takes room until it is read
            self.settle()

    def settle(self) -> None:
        """Make the links of all that has come by now."""
        while self.asked and self.asked[0][1].is_here():
            links = self.asked.popleft()[0]
            self.unmade -= len(links)
            while links:  # one is lost, if Ctrl-C comes now, and no more
                self._make(links.pop(0))
        self.is_far = any(reading.devices for _, reading in self.asked)

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
            links = _fetch_losses(links, reading)
            reading.start()
        except RuntimeError as exc:  # no memory is left, or the device does not work any more: what is to come does not
            self._note("devices", exc)
            links, reading = [_without_late(link) for link in links], Reading()
        self.asked.append((links, reading))
        self.is_far |= bool(reading.devices)

    def _make(self, link: Link) -> None:
        facts, loss, entry = link
        facts = facts() if isinstance(facts, Here) else facts
        come = self._come(facts)
        if isinstance(loss, (bool, int, float)):
            loss = float(loss).hex()
        elif loss is not None:
            loss = self._come({"loss": loss}).get("loss")
        told = _digest("\n".join(["", *[f"{name}={come[name]}" for name in sorted(come)]]))
        self.digest = _digest(f"{self.digest}\nfacts={told}\nloss={loss}")
        if entry is not None:
            others = {name: value for name, value in entry.items() if facts.get(name) is not value}
            again = {name: value for name, value in come.items() if name in entry and name not in others}
            self.keep({**self._come(others), **again, "chain": self.digest, **({} if loss is None else {"loss": loss})})

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


def _digest(text: str) -> str:
    return f"xxh3-128:{xxhash.xxh3_128_hexdigest(text.encode())}"


def kept_back(loss: Any) -> Any:
    """Return a loss as a number where it lies in this machine's memory, else as a copy that stays where it is."""
    if not hasattr(loss, "numel") or loss.numel() != 1:
        return None
    if loss.is_cpu:
        number = loss.item()
        return None if isinstance(number, complex) else number
    return None if loss.is_complex() else loss.detach().clone().reshape(())


def _without_late(link: Link) -> Link:
    facts, loss, entry = link
    late = callable(loss) or hasattr(loss, "device")
    known = facts if isinstance(facts, Here) else _here(facts)
    return known, None if late else loss, None if entry is None else _here(entry)


def _here(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in facts.items() if not callable(each) or isinstance(each, Here)}


def _fetch_losses(links: list[Link], reading: Reading) -> list[Link]:
    """Ask for the losses that lie on devices, in one copy for each kind of them, and return the links with these."""
    kinds: dict[Any, list[int]] = {}
    for place, (_, loss, _) in enumerate(links):
        if hasattr(loss, "device"):
            kinds.setdefault((loss.device, loss.dtype), []).append(place)
    asked = list(links)
    for places in kinds.values():
        come = reading.fetch(sys.modules["torch"].stack([links[place][1] for place in places]))
        for number, place in enumerate(places):
            facts, _, entry = links[place]
            asked[place] = facts, _told(come, number), entry
    return asked


def _told(come: Later[Any], place: int) -> Later[str]:
    return lambda: float(come()[place]).hex()
