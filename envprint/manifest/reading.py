"""Read a manifest from a file that may be anything."""

import re
import sys
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from envprint.errors import ManifestError
from envprint.manifest.document import SCHEMA, Gap, Manifest, identity

LIMIT_BYTES = 64 * 1024 * 1024
LIMIT_DEPTH = 32  # a manifest of this version is 5 deep
CAPTURE_HINT = "write one with: envprint capture -o FILE"


def load(source: str | Path) -> Manifest:
    """Read a manifest, or the text of torch's collect_env, from a file; `-` is standard input."""
    name = "standard input" if str(source) == "-" else str(source)
    return parse_manifest(_read(source, name), name)


def parse_manifest(content: bytes, name: str = "manifest") -> Manifest:
    """Turn the bytes of a manifest, or of collect_env's text, into a manifest; raise ManifestError with one line."""
    if len(content) > LIMIT_BYTES:
        raise ManifestError(f"{name} is larger than {LIMIT_BYTES // 1024**2} MiB; a manifest is smaller")
    if not content.lstrip()[:1] == b"{":
        return _from_text(content, name)
    document = _json_object(content, name)
    _check_schema(document.get("schema"), name)
    return _build(document, name)


def _read(source: str | Path, name: str) -> bytes:
    try:
        if str(source) == "-":
            return sys.stdin.buffer.read(LIMIT_BYTES + 1)
        with Path(source).open("rb") as file:
            return file.read(LIMIT_BYTES + 1)
    except OSError as exc:
        raise ManifestError(f"{name} cannot be read: {exc.strerror}; expected a manifest", hint=CAPTURE_HINT) from exc


def _from_text(content: bytes, name: str) -> Manifest:
    from envprint.manifest.collect_env import is_collect_env, parse_collect_env

    text = content.decode("utf-8", errors="replace")
    if not is_collect_env(text):
        raise ManifestError(f"{name} is neither a manifest nor the text of collect_env", hint=CAPTURE_HINT)
    return parse_collect_env(text)


def _json_object(content: bytes, name: str) -> dict[str, Any]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise ManifestError(f"{name} is not JSON: {exc}", hint="is it whole? capture it again") from exc
    if _depth_exceeds(document, LIMIT_DEPTH):
        raise ManifestError(f"{name} is nested deeper than {LIMIT_DEPTH} levels; a manifest is not")
    if not isinstance(document, dict):
        raise ManifestError(f"{name} is no JSON object; a manifest is one", hint=CAPTURE_HINT)
    return document


def _depth_exceeds(value: object, limit: int) -> bool:
    level: list[Any] = [value]
    for _ in range(limit + 1):
        children = [_children(item) for item in level]
        level = [child for group in children for child in group if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_schema(schema: object, name: str) -> None:
    match = re.fullmatch(r"envprint/manifest/([0-9]{1,9})(\.[0-9]{1,4})?", schema) if isinstance(schema, str) else None
    if match is None:
        raise ManifestError(f'{name} has schema {schema!r:.80}; expected "{SCHEMA}"', hint=CAPTURE_HINT)
    if match[1] != "1":
        raise ManifestError(f"{name} has schema {schema}; this envprint reads {SCHEMA}", hint="upgrade envprint")


def _build(document: dict[str, Any], name: str) -> Manifest:
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ManifestError(f"{name}: {where}: {first['msg'].lower()}", hint="was it edited by hand?") from exc
    if manifest.id == identity(document):
        return manifest
    edited = Gap(kind="failed", reason="the content does not match the id: changed after it was captured")
    return manifest.model_copy(update={"gaps": {**manifest.gaps, "id": edited}})
