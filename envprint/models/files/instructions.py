"""The instructions of a pickle: each changes the stack, and returns where the next one begins.

https://github.com/python/cpython/blob/v3.13.0/Lib/pickletools.py describes them. Those of protocol 0 and of copyreg's
extensions are not among them: torch.save writes none of them.
"""

import pickle
import struct
from typing import Any

from envprint.models.files.layout import Instruction, alone, byte, fixed, into, since_mark, sized, value
from envprint.models.files.meaning import build, called, loaded
from envprint.models.files.stack import Stack, add_items, set_items, sound_key
from envprint.models.files.symbols import Global, Instance, Storage, Unsound

LARGEST_INTEGER = 255  # bytes
LONGEST_NAME = 4096
SHORT, INT, UNSIGNED, LONG, FLOAT = (struct.Struct(form) for form in ("<H", "<i", "<I", "<Q", ">d"))
# As Python 2 called them, and numpy before 2.0
RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}


def _push(stack: Stack, value: Any) -> None:
    stack.top.append(value)


def _remember(stack: Stack, index: int) -> None:
    stack.memo[index] = stack.top[-1]


def _recall(stack: Stack, index: int) -> None:
    stack.top.append(stack.memo[index])


def _pop(stack: Stack) -> None:
    if stack.top:
        stack.top.pop()
    else:
        stack.since_mark()


def _text(content: bytes) -> str:
    return str(content, "utf-8", "backslashreplace")  # half a surrogate, which pickle lets pass, is no text for others


def _integer(content: bytes) -> int:
    if len(content) > LARGEST_INTEGER:
        raise Unsound(f"it has an integer of {len(content)} bytes")
    return int.from_bytes(content, "little", signed=True)


def _pairs(items: list[Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    set_items(found, items)
    return found


def _set(items: list[Any]) -> set[Any]:
    return set(map(sound_key, items))


def _global(stack: Stack, at: int) -> int:
    module = stack.data.index(b"\n", at, at + LONGEST_NAME)
    name = stack.data.index(b"\n", module + 1, module + 1 + LONGEST_NAME)
    stack.top.append(_named(_text(stack.data[at:module]), _text(stack.data[module + 1 : name])))
    return name + 1


def _global_of_two(stack: Stack) -> None:
    module, name = stack.last(2)
    if not (isinstance(module, str) and isinstance(name, str)) or len(module) + len(name) > LONGEST_NAME:
        raise Unsound("it names a class by other than texts")
    stack.top.append(_named(module, name))


def _named(module: str, name: str) -> Global:
    module = RENAMED.get(module, module)
    return Global(f"{module.replace('numpy.core.', 'numpy._core.', 1)}.{name}")


def _call(stack: Stack) -> None:
    function, arguments = stack.last(2)
    stack.make(called(function, arguments))


def _call_with_keywords(stack: Stack) -> None:
    function, arguments, keywords = stack.last(3)
    stack.make(Instance(_name_of(function), (arguments, keywords)) if keywords else called(function, arguments))


def _name_of(function: Any) -> str:
    return function.name if type(function) is Global else "what another object gives"


def _build(stack: Stack) -> None:
    (state,) = stack.last(1)
    build(stack.top[-1], state)


def _load(stack: Stack) -> None:
    found = stack.top[-1] = loaded(stack.top[-1])
    if type(found) is Storage:
        stack.storages.setdefault(found.key, found)


def _skip(_stack: Stack, _value: int) -> None:
    pass


INSTRUCTIONS: dict[int, Instruction] = {
    ord(code): instruction
    for code, instruction in {
        pickle.PROTO: byte(_skip),
        pickle.FRAME: fixed(LONG, _skip),
        pickle.MARK: alone(Stack.mark),
        pickle.POP: alone(_pop),
        pickle.POP_MARK: alone(Stack.since_mark),
        pickle.DUP: alone(lambda stack: stack.top.append(stack.top[-1])),
        pickle.NONE: value(lambda: None),
        pickle.NEWTRUE: value(lambda: True),
        pickle.NEWFALSE: value(lambda: False),
        pickle.EMPTY_TUPLE: value(tuple),
        pickle.EMPTY_LIST: alone(lambda stack: stack.make([])),
        pickle.EMPTY_DICT: alone(lambda stack: stack.make({})),
        pickle.EMPTY_SET: alone(lambda stack: stack.make(set())),
        pickle.BININT: fixed(INT, _push),
        pickle.BININT1: byte(_push),
        pickle.BININT2: fixed(SHORT, _push),
        pickle.BINFLOAT: fixed(FLOAT, _push),
        pickle.LONG1: sized(None, _integer),
        pickle.LONG4: sized(UNSIGNED, _integer),
        pickle.SHORT_BINSTRING: sized(None, _text),  # of Python 2
        pickle.BINSTRING: sized(UNSIGNED, _text),
        pickle.SHORT_BINUNICODE: sized(None, _text),
        pickle.BINUNICODE: sized(UNSIGNED, _text),
        pickle.BINUNICODE8: sized(LONG, _text),
        pickle.SHORT_BINBYTES: sized(None, bytes),
        pickle.BINBYTES: sized(UNSIGNED, bytes),
        pickle.BINBYTES8: sized(LONG, bytes),
        pickle.BYTEARRAY8: sized(LONG, bytes),
        pickle.TUPLE: since_mark(tuple),
        pickle.TUPLE1: alone(lambda stack: stack.top.append(tuple(stack.last(1)))),
        pickle.TUPLE2: alone(lambda stack: stack.top.append(tuple(stack.last(2)))),
        pickle.TUPLE3: alone(lambda stack: stack.top.append(tuple(stack.last(3)))),
        pickle.LIST: since_mark(list),
        pickle.DICT: since_mark(_pairs),
        pickle.FROZENSET: since_mark(_set),
        pickle.APPEND: into(add_items, 1),
        pickle.APPENDS: into(add_items),
        pickle.ADDITEMS: into(add_items),
        pickle.SETITEM: into(set_items, 2),
        pickle.SETITEMS: into(set_items),
        pickle.BINPUT: byte(_remember),
        pickle.LONG_BINPUT: fixed(UNSIGNED, _remember),
        pickle.MEMOIZE: alone(lambda stack: _remember(stack, len(stack.memo))),
        pickle.BINGET: byte(_recall),
        pickle.LONG_BINGET: fixed(UNSIGNED, _recall),
        pickle.GLOBAL: _global,
        pickle.STACK_GLOBAL: alone(_global_of_two),
        pickle.REDUCE: alone(_call),
        pickle.NEWOBJ: alone(_call),
        pickle.NEWOBJ_EX: alone(_call_with_keywords),
        pickle.BUILD: alone(_build),
        pickle.BINPERSID: alone(_load),
    }.items()
}
