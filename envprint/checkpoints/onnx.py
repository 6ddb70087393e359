"""ONNX: an entry of `metadata_props`, appended in place so that each moment leaves a model that can be read.

A message that is cut off within a field is unreadable, so the entry grows as what every reader skips, a field that ONNX
does not know (https://github.com/onnx/onnx/blob/v1.23.2/onnx/onnx.proto, ModelProto), and at last gets its number:

1. page by page, each one a whole unknown field;
2. the first one's length is written anew: it now holds all others;
3. its content becomes the entry;
4. one byte, its tag, makes it the field `metadata_props`.
"""

import contextlib
import os
import time
from pathlib import Path

from envprint.checkpoints.content import KEY, LARGEST, pack, unpack
from envprint.checkpoints.disk import (
    PAGE,
    cut,
    opened,
    read_at,
    refuse_changed,
    refuse_read_only,
    refuse_replaced,
    refused,
    said_of,
    size_of,
    take_back,
    write_at,
)
from envprint.checkpoints.protobuf import BYTES, VARINT, Field, dump_field, dump_varint, walk
from envprint.checkpoints.replacing import copy_range, replacing
from envprint.errors import CheckpointError
from envprint.manifest import Manifest

IR_VERSION, GRAPH, METADATA_PROPS, UNKNOWN = 1, 7, 14, 15  # numbers of fields; 15 is none
ENTRY_KEY, ENTRY_VALUE = 1, 2  # of StringStringEntryProto
LONGEST_MODEL = 2**31 - 1  # https://protobuf.dev/programming-guides/proto-limits/: no reader takes more
PAD = b"envprint "
PAD_HEAD = 3  # bytes of tag and length of a field that fills a page, or a part of one
SMALLEST_PAD = PAD_HEAD + len(PAD)
TRIES, PAUSE, JUST_NOW = 5, 0.01, 2.0  # seconds


class Onnx:
    """A model of ONNX."""

    name = "ONNX"

    def matches(self, path: Path) -> bool:
        """Tell whether a file is named so: its content has no mark of its own."""
        return ".onnx" in {path.suffix, path.resolve().suffix}

    def read(self, path: Path) -> Manifest | None:
        """Return the manifest, None where there is none; the graph is stepped over.

        A file that somebody embeds into meanwhile is whole at each moment, but not from one read to the next.
        """
        for _ in range(TRIES - 1):
            with contextlib.suppress(CheckpointError):
                return self._read(path)
            if time.time() - path.stat().st_mtime > JUST_NOW:
                break
            time.sleep(PAUSE)
        return self._read(path)

    def _read(self, path: Path) -> Manifest | None:
        with opened(path) as file:
            ours = [field for field in _read_fields(file, path) if _is_ours(file, field)]
            if not ours:
                return None
            return unpack(_value(file, ours[-1], path), path)

    def write(self, path: Path, manifest: Manifest) -> None:
        """Put the manifest behind the model; in place of an earlier one the file is written anew."""
        refuse_read_only(path)
        content = pack(manifest, path)
        with opened(path, writable=True) as file, said_of(path):
            before = os.fstat(file)
            fields = _read_fields(file, path)
            kept = [each for each in fields if not (_is_ours(file, each) or _is_left_over(file, each))]
            end = sum(each.stop - each.start for each in kept)
            field, head = _entry(content, end)
            if end <= LONGEST_MODEL < end + len(field):
                raise refused(path, "would become larger than the 2 GiB that a reader of ONNX takes")
            room = -end % PAGE or PAGE  # a head that two pages share could be written by half
            if kept[-1].stop == end and not any(_is_ours(file, each) for each in fields) and room >= head + len(PAD):
                refuse_changed(path, before, os.fstat(file))
                _append(file, field, head, end)
                refuse_replaced(file, path)
            else:
                _rewrite(file, path, before, kept, field)


def _entry(content: bytes, at: int) -> tuple[bytes, int]:
    """Return the field that carries a manifest, and how many bytes its tag and length take.

    Spaces, which JSON ignores at its end, keep its last page from holding too little for a field of its own.
    """
    while True:
        entry = dump_field(ENTRY_KEY, KEY.encode()) + dump_field(ENTRY_VALUE, content)
        field = dump_field(METADATA_PROPS, entry)
        if (at + len(field) - 1) % PAGE + 1 >= SMALLEST_PAD:
            return field, len(field) - len(entry)
        content += b" " * SMALLEST_PAD


def _read_fields(file: int, path: Path) -> list[Field]:
    fields = list(walk(file, 0, size_of(file), path))
    kinds = {(field.number, field.wire) for field in fields}
    if not {(IR_VERSION, VARINT), (GRAPH, BYTES)} <= kinds:
        raise refused(path, "is no ONNX model: it has no version or no graph")
    return fields


def _is_ours(file: int, field: Field) -> bool:
    key = dump_field(ENTRY_KEY, KEY.encode())
    return (field.number, field.wire) == (METADATA_PROPS, BYTES) and read_at(file, field.content, len(key)) == key


def _is_left_over(file: int, field: Field) -> bool:
    """Tell whether a field is one that a killed process left: an unknown one that holds our filling or our entry."""
    if (field.number, field.wire) != (UNKNOWN, BYTES):
        return False
    return read_at(file, field.content, len(PAD)) in {PAD, dump_field(ENTRY_KEY, KEY.encode())[: len(PAD)]}


def _value(file: int, field: Field, path: Path) -> bytes:
    if field.stop - field.content > LARGEST:
        raise refused(path, f"carries a manifest of {field.stop - field.content} bytes; one has at most {LARGEST}")
    values = [
        each for each in walk(file, field.content, field.stop, path) if (each.number, each.wire) == (ENTRY_VALUE, BYTES)
    ]
    return read_at(file, values[-1].content, values[-1].stop - values[-1].content) if values else b""


def _append(file: int, field: bytes, head: int, end: int) -> None:
    """Write a field behind the model; `head` bytes of it are tag and length."""
    try:
        if size_of(file) > end:
            cut(file, end)
        pads = _filling(end, len(field), head)
        at = end
        for pad in pads:
            write_at(file, pad, at, durably=False)
            at += len(pad)
        write_at(file, b"".join(pads), end)  # the same once more: now it lasts
        write_at(file, dump_varint(UNKNOWN << 3 | BYTES) + field[1:head], end)
        write_at(file, field[head:], end + head)
        write_at(file, field[:1], end, durably=False)
    except BaseException:
        take_back(file, end, end + len(field))
        raise


def _filling(start: int, length: int, head: int) -> list[bytes]:
    """Return unknown fields that together take `length` bytes from `start`, none of which crosses a page.

    The first one's tag and length take as many bytes as those of the whole will.
    """
    stop = start + length
    pads: list[bytes] = []
    while start < stop:
        pads.append(_pad(min(stop, (start // PAGE + 1) * PAGE) - start, PAD_HEAD if pads else head))
        start += len(pads[-1])
    return pads


def _pad(size: int, head: int) -> bytes:
    content = (PAD * (size // len(PAD) + 1))[: size - head]
    return dump_varint(UNKNOWN << 3 | BYTES) + dump_varint(len(content), head - 1) + content


def _rewrite(file: int, path: Path, before: os.stat_result, kept: list[Field], field: bytes) -> None:
    """Write the file anew with the fields that are kept, and one more."""
    with replacing(path, before) as new:
        at = 0
        for start, stop in _runs(kept):
            copy_range(file, new, start, at, stop - start)
            at += stop - start
        write_at(new, field, at)


def _runs(fields: list[Field]) -> list[tuple[int, int]]:
    """Return the spans that fields take, those that touch in one."""
    runs: list[tuple[int, int]] = []
    for field in fields:
        if runs and runs[-1][1] == field.start:
            runs[-1] = runs[-1][0], field.stop
        else:
            runs.append((field.start, field.stop))
    return runs
