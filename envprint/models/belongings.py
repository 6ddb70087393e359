"""What modules have: tensors, plain containers, and generators of their own; noted, so that it can be put back.

What is in an object of another class is not followed: nobody knows where such an object ends.
"""

import itertools
import operator
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from envprint.models.generators import is_generator, state_of

LONGEST, MOST = 10_000, 100_000  # items of one container, and of all, that are followed; more are put back alone
TABLES = ("_parameters", "_buffers", "_modules")
SCALARS = frozenset({type(None), bool, int, float, str})
Named: TypeAlias = tuple[str, Any]


@dataclass(frozen=True)
class Kind:
    """A class of containers: how one is read, emptied and filled, past what a class derived from it may do."""

    of: type
    read: Callable[[Any], Any]
    clear: Callable[[Any], None]
    fill: Callable[[Any, Any], None]

    @property
    def is_mapping(self) -> bool:
        """Tell whether it has keys."""
        return issubclass(self.of, dict)


def _fill_ordered(container: Any, entries: Any) -> None:
    for key, value in entries:
        OrderedDict.__setitem__(container, key, value)  # its update() would ask the class


KINDS = (
    Kind(OrderedDict, OrderedDict.items, OrderedDict.clear, _fill_ordered),
    Kind(dict, dict.items, dict.clear, dict.update),
    Kind(list, list.__iter__, list.clear, list.extend),
    Kind(set, set.__iter__, set.clear, set.update),
    Kind(deque, deque.__iter__, deque.clear, deque.extend),
)
EXACT = {kind.of: kind for kind in KINDS}


class Belongings:
    """What a model had when this was made; `modules` are its own and those that it hides in plain containers."""

    def __init__(self, model: Any, torch: Any) -> None:
        self.torch = torch
        self.modules: list[Any] = []
        self.tensors: list[Named] = []
        self.containers: list[tuple[Any, Kind, list[Any]]] = []
        self.states: list[Callable[[], None]] = []
        self.followed = 0
        seen: set[int] = set()
        waiting: deque[Named] = deque([("", model)])
        while waiting:
            name, value = waiting.popleft()
            if id(value) not in seen:
                seen.add(id(value))
                waiting.extend(self._met(name, value))

    def _met(self, name: str, value: Any) -> Iterable[Named]:
        """Note a value, and return what is in it."""
        kind = EXACT.get(type(value)) or next((kind for kind in KINDS if isinstance(value, kind.of)), None)
        if kind:
            return self._container(name, value, kind)
        if isinstance(value, tuple):
            return ((name, each) for each in value)
        if isinstance(value, self.torch.nn.Module):
            self.modules.append(value)
            return _of_module(name, value)
        if isinstance(value, self.torch.Tensor):
            self.tensors.append((name, value))
        elif is_generator(value, self.torch):
            self.states.append(state_of(value))
        return ()

    def _container(self, name: str, value: Any, kind: Kind) -> Iterable[Named]:
        entries = list(kind.read(value))
        self.containers.append((value, kind, entries))
        if not entries or len(entries) > LONGEST or self.followed > MOST:
            return ()
        self.followed += len(entries)
        if kind.is_mapping:
            return [(_below(name, key), each) for key, each in entries if type(each) not in SCALARS]
        return [(name, each) for each in entries if type(each) not in SCALARS]

    def put_back(self) -> None:
        """Fill the containers with what they held, and set the generators back; numbers of tensors stay."""
        for container, kind, entries in self.containers:
            if not _same(list(kind.read(container)), entries, kind):
                kind.clear(container)
                kind.fill(container, entries)
        for put_back in self.states:
            put_back()


def _of_module(name: str, module: Any) -> Iterator[Named]:
    yield name, vars(module)
    if not isinstance(module._parameters, dict):  # noqa: SLF001 - TorchScript's are not in the module's attributes
        tensors = *module.named_parameters(recurse=False), *module.named_buffers(recurse=False)
        yield from ((_below(name, key), each) for key, each in (*tensors, *module.named_children()))


def _below(name: str, key: Any) -> str:
    if key in TABLES or type(key) is not str:
        return name
    return f"{name}.{key}" if name else key


def _same(now: list[Any], before: list[Any], kind: Kind) -> bool:
    """Tell whether a container holds the very same objects, of a mapping under the same keys."""
    if len(now) != len(before) or not now:
        return len(now) == len(before)
    if kind.is_mapping:
        chained = itertools.chain.from_iterable
        return all(map(operator.is_, chained(now), chained(before)))
    return all(map(operator.is_, now, before))
