"""Ask kernels for the order in which they add, many questions with one call."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.probes import Order
from envprint.probes.order.kernels import ORDERS, Addition, Masks
from envprint.probes.order.text import digest, write
from envprint.probes.order.tree import Pair, reveal, scattered
from envprint.probes.order.words import describe

ALIGNED = 64  # bytes
QUESTIONS_OF_ROWS = 16  # that tell which rows are added in one order, where not all are


@dataclass(frozen=True)
class Scale:
    """What is put into a sum: M, what stands for a one, and how many of them a result counts without rounding.

    M is so much larger than a one that an accumulator of any type absorbs all of them: 2**100 even two doubles. Only
    float16 has no room for that: 2**39 times its smallest number is enough for accumulators of 24 bits, and 2**14
    terms.
    """

    huge: float
    one: float
    most: int


SCALES = {
    "float64": Scale(2.0**1000, 1.0, 2**53),
    "float32": Scale(2.0**100, 1.0, 2**24),
    "bfloat16": Scale(2.0**100, 1.0, 2**8),
    "float16": Scale(2.0**15, 2.0**-24, 2**11),
}


def reveal_orders(
    library: Callable[[str], Any],
    gaps: Gaps,
    device: str = "cpu",
    *,
    orders: Iterable[Addition] = ORDERS,
    tick: Callable[[str], None] = lambda _: None,
) -> dict[str, Order]:
    """Return the orders in which the kernels of a device add, by name; one that cannot be revealed leaves a gap.

    `library` returns "torch" or "numpy"; `tick` hears each name before its kernel runs. No flag is touched; who wants
    autocast and modes of a running program out of the way calls this in a thread of its own.
    """
    found = {}
    for addition in orders:
        if not (addition.cpu if device == "cpu" else addition.gpu):
            continue
        tick(addition.name)
        order = gaps.ask(addition.name, lambda it=addition: reveal_order(it, library(it.library), device))  # type: ignore[misc]
        if order is not None:
            found[addition.name] = order
    return found


def reveal_order(addition: Addition, library: Any, device: str = "cpu") -> Order:
    """Return the order in which a kernel adds.

    Absent where its answers fit no tree, as of an exact sum, of one whose threads race or of a convolution by other
    means than adding up products; and where the library has no such kernel for this type.
    """
    try:
        kernel = AskedKernel(addition, library, device)
        tree = reveal(kernel.ask, addition.terms)
    except RuntimeError as exc:
        if "not implemented" in str(exc):  # what torch says: "addmm_impl_cpu_" not implemented for 'Half'
            raise Absent(str(exc).partition("\n")[0]) from exc
        raise
    text, terms = write(tree), addition.terms * addition.apart
    followed = f"1 of {addition.apart} terms followed: " if addition.apart > 1 else ""
    words = f"{followed}{describe(tree)}{kernel.reservation}"
    return Order(version=addition.version, terms=terms, digest=digest(text), tree=text, words=words)


class AskedKernel:
    """A kernel of which any number of pairs is asked, many with one call; Absent where it does not count.

    `blank` are the masks that no question is in yet: ones, in as many rows as the result's precision needs. A bfloat16
    counts to 256: of more terms, each row has ones for 256 and zeros for the others, and the counts of several rows
    are one answer. Zeros change no order.
    """

    def __init__(self, addition: Addition, library: Any, device: str = "cpu") -> None:
        self.addition = addition
        self.scale = SCALES[addition.dtype]
        self.parts = -(-addition.terms // self.scale.most)
        self.blank = _zeros(addition, library, device)
        for row in range(addition.rows):
            start = row % self.parts * self.scale.most
            places = slice(start * addition.apart, (start + self.scale.most) * addition.apart, addition.apart)
            self.blank[row, places] = self.scale.one
        self.masks = _zeros(addition, library, device)
        self.masks[:] = self.blank
        self.add = addition.build(library, self.masks)
        self.rows = list(range(addition.rows))  # that are asked
        self.has_equal_columns = True
        if self._counts(self.rows[: self.parts]) != [addition.terms]:
            raise Absent(f"no order can be seen: {addition.terms} times {self.scale.one:g} does not add up to that")
        if addition.shared and not self._answers_alike():
            if self.parts > 1:
                raise Absent("it has no one order of addition: it adds different rows in different orders")
            self.rows = self._rows_like_the_first()

    @property
    def reservation(self) -> str:
        """Say of what the answers speak, where they do not speak of all that is added."""
        seen = {(False, True): "row", (True, False): "column", (False, False): "element"}
        where = seen.get((len(self.rows) == self.addition.rows, self.has_equal_columns))
        return "" if where is None else f"; so in the first {where}, others in other orders"

    def _answers_alike(self) -> bool:
        """Tell whether each question has the same answer in rows near and far."""
        pairs = scattered(self.addition.terms, len(self.rows) // self.parts)
        answers = self.ask(pairs)
        turned = self.ask(pairs[::-1])[::-1]
        moved = self.ask(pairs[1:] + pairs[:1])
        return answers == turned == moved[-1:] + moved[:-1]

    def _rows_like_the_first(self) -> list[int]:
        """Return the rows that answer some questions as the first row does."""
        alike = set(self.rows)
        for pair in scattered(self.addition.terms, QUESTIONS_OF_ROWS):
            answers = self.ask([pair] * len(self.rows))
            alike = {row for row in alike if answers[row] == answers[0]}
        return sorted(alike)

    def ask(self, pairs: Sequence[Pair]) -> list[int]:
        """Return how many terms are under the node where each pair meets."""
        at_once = len(self.rows) // self.parts
        chunks = [pairs[start : start + at_once] for start in range(0, len(pairs), at_once)]
        return [self.addition.terms - count for chunk in chunks for count in self._asked(chunk)]

    def _asked(self, pairs: Sequence[Pair]) -> list[int]:
        rows = self.rows[: len(pairs) * self.parts]
        plus, minus = (
            [pair[side] * self.addition.apart for pair in pairs for _ in range(self.parts)] for side in (0, 1)
        )
        self.masks[rows, plus], self.masks[rows, minus] = self.scale.huge, -self.scale.huge
        try:
            return self._counts(rows)
        finally:
            for places in (plus, minus):
                self.masks[rows, places] = self.blank[rows, places]

    def _counts(self, rows: Sequence[int]) -> list[int]:
        sums = self.add(self.masks, rows[-1] + 1)[rows]
        counts = [value / self.scale.one for value in sums[:, 0].tolist()]
        if not all(count >= 0 and count.is_integer() for count in counts):
            raise Absent("it has no order of addition: its sums are no counts, so it does something else than adding")
        self.has_equal_columns = self.has_equal_columns and bool((sums == sums[:, :1]).all())
        return [sum(map(int, counts[start : start + self.parts])) for start in range(0, len(rows), self.parts)]


def _zeros(addition: Addition, library: Any, device: str) -> Masks:
    """Return a matrix that begins at a multiple of 64 bytes, as torch's do: some kernels' order depends on that."""
    shape = addition.rows, addition.terms * addition.apart
    if addition.library == "torch":
        return library.zeros(shape, dtype=getattr(library, addition.dtype), device=device)
    numbers = library.zeros(shape[0] * shape[1] + ALIGNED, dtype=addition.dtype)
    start = -numbers.ctypes.data % ALIGNED // numbers.itemsize
    return numbers[start : start + shape[0] * shape[1]].reshape(shape)
