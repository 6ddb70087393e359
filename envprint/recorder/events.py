"""What a run did that bears on its steps, each the first time that it did it so."""

from collections.abc import Hashable
from typing import Any

MOST_CHARACTERS = 48 << 10  # of all together; with the names of their fields they stay below 64 kB
MOST_OF_A_NAME = 64
ASKED = 16  # times that one event is looked at: whether it came from another line than before
LONGEST = 240


class Events:
    """Events, without those that are as one before: a bounded number of each name."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.counts: dict[str, int] = {}
        self.room = MOST_CHARACTERS
        self.heard: dict[tuple[str, Hashable], int] = {}
        self.settled: set[tuple[str, Hashable]] = set()  # what came so often that it is not looked at any more

    def add(self, name: str, step: int, value: str, where: str) -> None:
        """Keep an event, unless it was there before or there is no more room."""
        key = name, value[:LONGEST], where
        if key in self.found or self.counts.get(name, 0) >= MOST_OF_A_NAME:
            return
        event = {"name": name, "step": step, "value": key[1], "where": where}
        self.room -= sum(map(len, key)) + 60
        if self.room > 0:
            self.found[key] = event
            self.counts[name] = self.counts.get(name, 0) + 1

    def is_full(self, name: str) -> bool:
        """Tell whether no more of a name are kept."""
        return self.room <= 0 or self.counts.get(name, 0) >= MOST_OF_A_NAME

    def count(self, name: str, value: Hashable) -> None:
        """Count an event, by its value or what that comes from; one that came often, or finds no room, is settled."""
        times = self.heard.get((name, value), 0) + 1
        if len(self.heard) < MOST_CHARACTERS:
            self.heard[name, value] = times
            if times >= ASKED or self.is_full(name):
                self.settled.add((name, value))
