"""Python's own classes in pickles: containers and numbers, which become plain data."""

from collections.abc import Callable
from typing import Any

from envprint.models.files.stack import sound_key
from envprint.models.files.symbols import Instance, Unsound

ENCODINGS = {"latin1", "latin-1"}  # by which protocol 2 has bytes as text


def _dict(pairs: Any = ()) -> dict[Any, Any]:
    if type(pairs) is dict:
        return dict(pairs)
    if type(pairs) not in {tuple, list}:
        raise Unsound(f"it makes a dict of a {type(pairs).__name__}")
    return {sound_key(key): value for key, value in pairs}


def _defaultdict(_factory: Any = None, pairs: Any = ()) -> dict[Any, Any]:
    return _dict(pairs)


def _list(items: Any = (), *_limit: Any) -> list[Any]:
    if type(items) not in {tuple, list}:
        raise Unsound(f"it makes a list of a {type(items).__name__}")
    return list(items)


def _set(items: Any = ()) -> set[Any]:
    return {sound_key(item) for item in _list(items)}


def _encoded(text: Any, encoding: Any = None) -> Any:
    if type(text) is str and encoding in ENCODINGS:
        return text.encode("latin-1")
    return Instance("_codecs.encode", (text, encoding))


def _bytes(content: Any = b"", *encoding: Any) -> Any:
    if type(content) is bytes and not encoding:
        return content
    if type(content) is str:
        return _encoded(content, *encoding)
    return Instance("builtins.bytes", (content, *encoding))


def _complex(real: Any = 0.0, imaginary: Any = 0.0) -> complex:
    if type(real) not in {float, int} or type(imaginary) not in {float, int}:
        raise Unsound("it makes a complex number of what is none")
    return complex(real, imaginary)


PLAIN: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _dict,
    "collections.Counter": _dict,
    "collections.defaultdict": _defaultdict,
    "collections.deque": _list,
    "builtins.dict": _dict,
    "builtins.list": _list,
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.complex": _complex,
    "_codecs.encode": _encoded,
}
