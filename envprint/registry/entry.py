"""A manifest as it is to be kept: checked, named, compressed, with the few facts that lists show and searches find."""

from dataclasses import dataclass
from typing import Any

import orjson
import zstandard

from envprint.errors import ManifestError
from envprint.manifest import Manifest, parse_manifest
from envprint.registry.refusal import RefusedError
from envprint.renderers.plain import plain

LONGEST = 200
LEVEL = 1  # of zstd: half of the time of 3, and a tenth more bytes


@dataclass(frozen=True)
class Entry:
    """What is kept of a manifest; host is None where it was captured anonymously."""

    digest: str
    body: bytes
    size_bytes: int
    taken_at: str | None
    host: str | None
    gpu: str | None
    torch: str | None
    words: str


def entry_of(content: bytes) -> Entry:
    """Return what is kept of a manifest; RefusedError where these bytes are none, or its id is not that of its content.

    One without an id is kept by the id that its content has.
    """
    manifest = _parsed(content)
    taken, torch, cpu = manifest.taken, manifest.torch, manifest.cpu
    host, gpu = _short(taken and taken.host), _short(_gpus(manifest))
    version = _short(torch and torch.version)
    words = " ".join(filter(None, (host, gpu, version, _short(cpu and cpu.model), manifest.id)))
    return Entry(
        digest=manifest.id.removeprefix("sha256:"),
        body=zstandard.compress(content, LEVEL),
        size_bytes=len(content),
        taken_at=(_short(taken and taken.at) or "")[:40] or None,
        host=host,
        gpu=gpu,
        torch=version,
        words=words.lower(),
    )


def content_of(body: bytes) -> bytes:
    """Return the bytes that were pushed."""
    return zstandard.decompress(body)


def _parsed(content: bytes) -> Manifest:
    if content.lstrip(b" \t\r\n")[:1] != b"{":
        raise RefusedError(400, "the body is no JSON object; expected a manifest")
    try:
        manifest = parse_manifest(content, "the body")
    except ManifestError as exc:
        status = 400 if isinstance(exc.__cause__, orjson.JSONDecodeError) else 422
        raise RefusedError(status, str(exc), hint=exc.hint) from exc
    if "id" in manifest.gaps:
        raise RefusedError(
            409, "the id of the manifest is not that of its content", hint="was it edited? capture again"
        )
    return manifest


def _gpus(manifest: Manifest) -> str | None:
    """Return the different names of the devices."""
    devices = manifest.accelerators and (manifest.accelerators.devices or manifest.accelerators.torch_devices)
    names = {each.name: None for each in (devices or {}).values() if each.name}
    return ", ".join(names) or None


def _short(value: Any) -> str | None:
    """Return a text without what a terminal, or a database, stumbles over."""
    return plain(str(value))[:LONGEST] if value else None
