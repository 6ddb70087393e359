"""Ask a registry: push, pull and list; with what Python has, so that it needs no extra."""

import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from envprint.errors import EnvprintError
from envprint.manifest import Manifest, canonical_json, identity, parse_manifest
from envprint.registry.configured import REFERENCE, SERVER, TOKEN

SECONDS = 60
LIMIT_BYTES = 64 * 1024**2
LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEFAULT = "http://127.0.0.1:8321"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token is for one server: it is not carried to where that leads."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


@dataclass(frozen=True)
class Client:
    """A registry at an address, and the token for it."""

    address: str
    token: str | None = None

    def push(self, manifest: Manifest, label: str | None = None) -> tuple[str, bool]:
        """Push a manifest; return its id, and whether nobody had pushed it before."""
        document = manifest.as_json()
        if manifest.id != identity(document):
            raise EnvprintError("the manifest was changed after it was captured", hint="capture it again")
        query = f"?{urlencode({'label': label})}" if label else ""
        answer = self._json(f"/manifests{query}", canonical_json(document))
        return str(answer["id"]), bool(answer["new"])

    def pull(self, reference: str) -> Manifest:
        """Return the manifest with an id, or with the only one that begins so."""
        if not REFERENCE.fullmatch(reference):
            raise EnvprintError(f"{reference!r:.80} is no id; expected four hexadecimal digits or more")
        content = self._ask(f"/manifests/{quote(reference)}.json", None)
        manifest = parse_manifest(content, f"what {self.address} has of {reference}")
        if "id" in manifest.gaps or not manifest.id.removeprefix("sha256:").startswith(
            reference.removeprefix("sha256:")
        ):
            raise EnvprintError(f"{self.address} gave another manifest than {reference}")
        return manifest

    def list(self, **searched: str | None) -> Iterator[dict[str, Any]]:
        """Yield what the registry shows of manifests, the latest first, page by page."""
        query: dict[str, Any] = {name: value for name, value in searched.items() if value}
        while True:
            page = self._json(f"/manifests?{urlencode(query)}", None)
            yield from page["manifests"]
            if page["next"] is None:
                return
            query["after"] = page["next"]

    def _json(self, path: str, body: bytes | None) -> dict[str, Any]:
        try:
            answer = orjson.loads(self._ask(path, body))
        except orjson.JSONDecodeError as exc:
            raise EnvprintError(f"{self.address} is no registry of envprint", hint=f"is {SERVER} right?") from exc
        if not isinstance(answer, dict):
            raise EnvprintError(f"{self.address} is no registry of envprint", hint=f"is {SERVER} right?")
        return answer

    def _ask(self, path: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "envprint"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.address + path, body, headers)  # noqa: S310 - http or https, see client_of
        try:
            with self._opener().open(request, timeout=SECONDS) as answer:
                content: bytes = answer.read(LIMIT_BYTES + 1)
                return content
        except urllib.error.HTTPError as exc:
            with exc:
                raise self._refused(exc.code, exc.read(LIMIT_BYTES)) from exc
        except (OSError, HTTPException, ValueError) as exc:
            reason = getattr(exc, "reason", None) or exc
            reason = getattr(reason, "strerror", None) or reason
            raise EnvprintError(f"{self.address} does not answer: {reason}", hint=f"is {SERVER} right?") from exc

    def _opener(self) -> urllib.request.OpenerDirector:
        on_this_machine = urlsplit(self.address).hostname in LOOPBACK
        proxies = [urllib.request.ProxyHandler({})] if on_this_machine else []
        return urllib.request.build_opener(_NoRedirects, *proxies)

    def _refused(self, status: int, content: bytes) -> EnvprintError:
        try:
            said = orjson.loads(content)
            return EnvprintError(f"{self.address} refused: {said['error']}"[:400], hint=said.get("hint"))
        except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
            return EnvprintError(f"{self.address} answered with status {status}", hint=f"is {SERVER} right?")


def client_of(address: str | None = None) -> Client:
    """Return the registry that is named, or that the environment names, or that of this machine."""
    given = (address or os.environ.get(SERVER) or DEFAULT).rstrip("/")
    if not is_address(given):
        shown = "what holds a name or a password" if "@" in given else f"{given!r:.80}"
        raise EnvprintError(f"{shown} is no address of a registry; expected http://HOST:PORT", hint=f"set {SERVER}")
    token = os.environ.get(TOKEN, "").strip()
    if not token.isascii() or not token.isprintable():
        raise EnvprintError(f"{TOKEN} holds what no token has", hint="envprint serve tokens add NAME makes one")
    return Client(given, token or None)


def is_address(text: str) -> bool:
    """Tell whether this is the address of a server, without a name or a password in it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text and "@" not in parts.netloc
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
