"""How much one client may ask for: an allowance that fills up again by the second."""

import time
from collections import OrderedDict

SECONDS = 4.0  # of asking for nothing fill an allowance
CLIENTS = 4096  # that are remembered
COSTS = {"/diff": 20.0, "/fleet": 100.0}  # of what is computed; anything else costs 1


class Allowance:
    """What is left to each client; `rate` is what a second adds."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, client: str, path: str) -> float:
        """Take the cost of a request from a client's allowance; return for how many seconds it lacks, or 0."""
        cost = min(COSTS.get("/" + path.split("/")[1].removesuffix(".json"), 1.0), self._full)
        now = time.monotonic()
        left, at = self._left.pop(client, (self._full, now))
        left = min(self._full, left + (now - at) * self._rate)
        lacking = max(0.0, cost - left)
        self._left[client] = (left if lacking else left - cost, now)
        if len(self._left) > CLIENTS:
            self._left.popitem(last=False)
        return lacking / self._rate

    @property
    def _full(self) -> float:
        return max(1.0, self._rate * SECONDS)
