"""Read where packages came from that came from no index: direct_url.json, and the links of legacy editable installs."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from envprint.collectors._outside import read_text
from envprint.collectors._urls import without_credentials
from envprint.manifest.software import Origin

DIRECT_URL = "direct_url.json"  # https://packaging.python.org/en/latest/specifications/direct-url
LINKS = "easy-install.pth"  # setuptools' develop command leaves NAME.egg-link files beside it


def read_origin(metadata: str) -> Origin | None:
    """Return where a distribution came from by its metadata folder; None when it came from an index."""
    path = f"{metadata}/{DIRECT_URL}"
    if not os.path.exists(path):  # noqa: PTH110 - asked for each of hundreds of packages: a third of Path's time
        return None
    return parse_direct_url(Path(path).read_bytes())


def parse_direct_url(content: bytes) -> Origin:
    """Return an origin from direct_url.json; its URL loses user, password and query."""
    said: dict[str, Any] = orjson.loads(content)
    repository = said.get("vcs_info", {})
    return Origin(
        editable=said.get("dir_info", {}).get("editable", False),
        url=without_credentials(said["url"]),
        vcs=repository.get("vcs"),
        commit=repository.get("commit_id"),
        digest=_digest(said.get("archive_info", {})),
    )


def read_links(folder: str) -> dict[str, Origin]:
    """Return the legacy editable installs of a folder, by the name that setuptools gave the link."""
    if not (Path(folder) / LINKS).exists():
        return {}
    return {link.stem: parse_link(read_text(link)) for link in Path(folder).glob("*.egg-link")}


def parse_link(text: str) -> Origin:
    """Return an origin from an .egg-link: its first line is the folder of the sources."""
    return Origin(editable=True, url=Path(text.splitlines()[0]).as_uri())


def source_folder(origin: Origin) -> Path | None:
    """Return the folder that an editable install runs from."""
    if not origin.editable or not origin.url or not origin.url.startswith("file://"):
        return None
    return Path(unquote(urlsplit(origin.url).path))


def _digest(archive: dict[str, Any]) -> str | None:
    # {"hashes": {"sha256": "2dc6..."}}, before: {"hash": "sha256=2dc6..."}
    hashes: dict[str, str] = archive.get("hashes", {})
    if "sha256" in hashes:
        return f"sha256:{hashes['sha256']}"
    old: str | None = archive.get("hash")
    return old.replace("=", ":", 1) if old else None
