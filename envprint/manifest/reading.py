"""Read a manifest from a file that may be anything."""

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from envprint.errors import ManifestError
from envprint.manifest._wording import one_line
from envprint.manifest.document import SCHEMA, Gap, Manifest, identity

LIMIT_BYTES = 64 * 1024 * 1024
LIMIT_VALUES = 200_000  # a manifest of one machine has about 2 000
LIMIT_DEPTH = 32  # a manifest of this version is 5 deep
CAPTURE_HINT = "write one with: envprint capture -o FILE"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK = b"\xef\xbb\xbf"
INTEGERS = range(-(2**63), 2**64)  # what JSON's writer here can hold


def load(source: str | Path) -> Manifest:
    """Read a manifest, or the text of torch's collect_env, from a file; `-` is standard input."""
    name = "standard input" if str(source) == "-" else str(source)
    return parse_manifest(_read(source, name), name)


def parse_manifest(content: bytes, name: str = "manifest") -> Manifest:
    """Turn the bytes of a manifest, or of collect_env's text, into a manifest; raise ManifestError with one line."""
    if len(content) > LIMIT_BYTES:
        raise _refused(f"{name} is larger than {LIMIT_BYTES // 1024**2} MiB; a manifest is smaller")
    content = _as_utf8(content)
    if content.lstrip()[:1] != b"{":
        return _from_text(content, name)
    document = _json_object(content, name)
    _check_schema(document.get("schema"), name)
    return _build(document, name)


def _read(source: str | Path, name: str) -> bytes:
    try:
        if str(source) == "-":
            return _read_standard_input()
        with Path(source).open("rb") as file:
            return file.read(LIMIT_BYTES + 1)
    except (OSError, ValueError) as exc:  # a path with a null character is a ValueError
        reason = getattr(exc, "strerror", None) or exc
        raise _refused(f"{name} cannot be read: {reason}; expected a manifest", CAPTURE_HINT) from exc


def _read_standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError("it is closed")
    return sys.stdin.buffer.read(LIMIT_BYTES + 1)


def _as_utf8(content: bytes) -> bytes:
    """Return a text as UTF-8 without byte order mark: PowerShell 5 redirects into UTF-16, editors add the mark."""
    if content.startswith(UTF16_MARKS):
        return content.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    return content.removeprefix(UTF8_MARK)


def _from_text(content: bytes, name: str) -> Manifest:
    from envprint.manifest.collect_env import is_collect_env, parse_collect_env

    text = content.decode("utf-8", errors="replace")
    if not is_collect_env(text):
        raise _refused(f"{name} is neither a manifest nor the text of collect_env", CAPTURE_HINT)
    return parse_collect_env(text)


def refuse_excess(content: bytes, document: Any, name: str) -> None:
    """Raise ManifestError for JSON of more values or levels than a manifest has."""
    if content.count(b",") > LIMIT_VALUES:
        raise _refused(f"{name} has more than {LIMIT_VALUES} values; a manifest has fewer")
    if _depth_exceeds(document, LIMIT_DEPTH):
        raise _refused(f"{name} is nested deeper than {LIMIT_DEPTH} levels; a manifest is not")


def _json_object(content: bytes, name: str) -> dict[str, Any]:
    refuse_excess(content, None, name)  # before any value takes memory
    try:
        document: dict[str, Any] = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise _refused(f"{name} is not JSON: {exc}", "is it whole? capture it again") from exc
    refuse_excess(b"", document, name)
    if orjson.dumps(document) == content:  # as a registry's client sends it: nothing was there twice, or too large
        return document
    try:
        json.loads(content, object_pairs_hook=_unique, parse_int=_bounded_integer, parse_float=_finite)
    except ValueError as exc:
        raise _refused(f"{name} is ambiguous: {exc}; a manifest is not", "was it edited by hand?") from exc
    return document


def _unique(pairs: list[tuple[str, Any]]) -> None:
    """Raise ValueError for a key that is there twice: which of them counts, every reader decides for itself."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"{key[:60]!r} is there twice")
        seen.add(key)


def _bounded_integer(digits: str) -> None:
    if len(digits) > len(str(INTEGERS.start)) or int(digits) not in INTEGERS:
        raise ValueError(f"{digits[:24]}... has more than 64 bits")


def _finite(digits: str) -> None:
    if not math.isfinite(float(digits)):
        raise ValueError(f"{digits[:24]} is no finite number")


def _depth_exceeds(value: object, limit: int) -> bool:
    level: list[Any] = [value] if isinstance(value, (dict, list)) else []
    for _ in range(limit + 1):
        if not level:
            return False
        inner = (item.values() if isinstance(item, dict) else item for item in level)
        level = [child for each in inner for child in each if isinstance(child, (dict, list))]
    return bool(level)


def _check_schema(schema: object, name: str) -> None:
    match = re.fullmatch(r"envprint/manifest/([0-9]{1,9})(\.[0-9]{1,4})?", schema) if isinstance(schema, str) else None
    if match is None:
        met = "no schema" if schema is None else f"schema {schema!r:.80}"
        raise _refused(f'{name} has {met}; expected "{SCHEMA}"', CAPTURE_HINT)
    if match[1] != "1":
        raise _refused(f"{name} has schema {schema}; this envprint reads {SCHEMA}", "upgrade envprint")


def _build(document: dict[str, Any], name: str) -> Manifest:
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise _refused(f"{name}: {where}: {first['msg'].lower()}", "was it edited by hand?") from exc
    if not document.get("id") or manifest.id == identity(document):
        return manifest
    edited = Gap(kind="failed", reason="the content does not match the id: changed after it was captured")
    return manifest.model_copy(update={"gaps": {**manifest.gaps, "id": edited}})


def _refused(message: str, hint: str | None = None) -> ManifestError:
    return ManifestError(one_line(message), hint=hint)
