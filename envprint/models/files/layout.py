"""How an instruction of a pickle is laid out: with no argument, one of fixed size, or one that says its length."""

import struct
from collections.abc import Callable
from typing import Any

from envprint.models.files.stack import Stack

Instruction = Callable[[Stack, int], int]


def value(make: Callable[[], Any]) -> Instruction:
    """Return an instruction that puts a new value on the stack."""

    def put(stack: Stack, at: int) -> int:
        stack.top.append(make())
        return at

    return put


def byte(put: Callable[[Stack, int], None]) -> Instruction:
    """Return an instruction whose argument is the next byte."""

    def read(stack: Stack, at: int) -> int:
        put(stack, stack.data[at])
        return at + 1

    return read


def fixed(form: struct.Struct, put: Callable[[Stack, Any], None]) -> Instruction:
    """Return an instruction whose argument has a form."""
    unpack, size = form.unpack_from, form.size

    def read(stack: Stack, at: int) -> int:
        put(stack, unpack(stack.data, at)[0])
        return at + size

    return read


def sized(form: struct.Struct | None, make: Callable[[bytes], Any]) -> Instruction:
    """Return an instruction that has as many bytes as its first number says, which has one byte or a form."""
    size = form.size if form else 1

    def read(stack: Stack, at: int) -> int:
        length = form.unpack_from(stack.data, at)[0] if form else stack.data[at]
        stack.top.append(make(stack.read(at + size, length)))
        return at + size + length

    return read


def alone(change: Callable[[Stack], Any]) -> Instruction:
    """Return an instruction without arguments."""

    def follow(stack: Stack, at: int) -> int:
        change(stack)
        return at

    return follow


def since_mark(make: Callable[[list[Any]], Any]) -> Instruction:
    """Return an instruction that makes something of all that there is since the last mark."""

    def put(stack: Stack, at: int) -> int:
        items = stack.since_mark()
        stack.top.append(make(items))
        return at

    return put


def into(add: Callable[[Any, list[Any]], None], count: int | None = None) -> Instruction:
    """Return an instruction that adds so many items, or all since the last mark, to what is below them."""

    def follow(stack: Stack, at: int) -> int:
        items = stack.since_mark() if count is None else stack.last(count)
        add(stack.top[-1], items)
        return at

    return follow
