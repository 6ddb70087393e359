"""The header of a safetensors file, taken apart without holding what it says of each tensor.

https://github.com/huggingface/safetensors#format: 8 bytes little-endian N, N bytes JSON, then the tensors' bytes.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envprint.checkpoints.disk import read_at, refused, size_of

METADATA = "__metadata__"
PREFIX = 8  # bytes that hold the header's length
OPENING = b'{"'  # of a header
LARGEST_HEADER = 10 * 1024 * 1024  # safetensors itself reads 100 MB; a real one with 1000 tensors has 0.1 MB
MOST_PARTS = 300_000  # objects, lists or entries of objects
WHOLE = "is it whole? save it again"
MARKS = {mark: re.compile(rf"\s*{re.escape(mark)}\s*", re.ASCII) for mark in ("{", ":", ",", "}", "")}


@dataclass(frozen=True)
class Header:
    """A header: where the tensors begin in the file, the metadata, and of all tensors the text and the offsets.

    `spans` are offsets in the file, of the first byte of each tensor and of the one behind its last.
    """

    start: int
    metadata: dict[str, str]
    tensors: str
    spans: tuple[tuple[int, int], ...]


def read_header(file: int, path: Path) -> Header:
    """Return the header of a file; raise where it does not describe this very file."""
    size = size_of(file)
    length = int.from_bytes(read_at(file, 0, PREFIX), "little")
    if size < PREFIX + 2 or length > size - PREFIX:
        raise refused(path, f"is no safetensors file: its header would have {length} bytes, the file has {size}", WHOLE)
    if length > LARGEST_HEADER:
        raise refused(path, f"has a header of {length} bytes; envprint reads {LARGEST_HEADER}")
    content = read_at(file, PREFIX, length)
    if max(content.count(part) for part in (b"[", b"{", b'":')) > MOST_PARTS:
        raise refused(path, f"has a header of more than {MOST_PARTS} entries")
    try:
        entries, metadata, tensors = _take_apart(content.decode())
        json.dumps(metadata, ensure_ascii=False).encode()  # half a surrogate is no text
    except (ValueError, RecursionError) as exc:
        raise refused(path, f"is no safetensors file: its header is no sound JSON: {exc}", WHOLE) from exc
    _check_spans(entries, size - PREFIX - length, path)
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise refused(path, f"is no safetensors file: its {METADATA} holds other than texts")
    start = PREFIX + length
    return Header(start, metadata, tensors, tuple((start + begin, start + end) for begin, end in entries))


def _take_apart(text: str) -> tuple[list[Any], Any, str]:
    """Return where each tensor lies, the metadata, and the text of the tensors' entries."""
    decoder = json.JSONDecoder(object_pairs_hook=_unique)
    names: set[str] = set()
    spans: list[Any] = []
    metadata: Any = None
    pieces: list[str] = []
    at = _behind("{", text, 0)
    while names or not text.startswith("}", at):
        start = at
        name, at = decoder.raw_decode(text, at)
        value, at = decoder.raw_decode(text, _behind(":", text, at))
        if not isinstance(name, str) or name in names:
            raise ValueError(f"the key {name!r:.60} is there twice, or is no text")
        names.add(name)
        if name == METADATA:
            metadata = value
        else:
            pieces.append(text[start:at])
            spans.append(value.get("data_offsets") if isinstance(value, dict) else None)
        if text.startswith("}", _behind("", text, at)):
            break
        at = _behind(",", text, at)
    if _behind("}", text, at) != len(text):
        raise ValueError("something stands behind it")
    return spans, {} if metadata is None else metadata, ",".join(pieces)


def _behind(mark: str, text: str, at: int) -> int:
    """Return where what comes after a mark begins; raise ValueError where the mark is not what comes."""
    found = MARKS[mark].match(text, at)
    if found is None:
        raise ValueError(f"{mark} is missing at character {at}")
    return found.end()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; raise ValueError for a key that is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _check_spans(spans: list[Any], data_bytes: int, path: Path) -> None:
    """Raise where the tensors do not take all the bytes behind the header, one after another."""
    if not all(isinstance(span, list) and [type(each) for each in span] == [int, int] for span in spans):
        raise refused(path, "is no safetensors file: an entry of its header is no tensor")
    stop = 0
    for begin, end in sorted(spans):
        if begin != stop or end < begin:
            raise refused(path, "is no safetensors file: its tensors share bytes, or leave some out", WHOLE)
        stop = end
    if stop != data_bytes:
        raise refused(path, f"is no whole safetensors file: its tensors take {stop} bytes, it has {data_bytes}", WHOLE)
