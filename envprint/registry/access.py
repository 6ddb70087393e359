"""Who may push, and who may read."""

import base64
import binascii
from dataclasses import dataclass

from starlette.requests import Request

from envprint.registry.refusal import RefusedError
from envprint.registry.tokens import Tokens


@dataclass(frozen=True)
class Access:
    """The rule of one server: `exposed`, so others can reach it, or `private`, so reading too takes a token."""

    tokens: Tokens
    exposed: bool = False
    private: bool = False

    def require_push(self, request: Request) -> None:
        """Raise RefusedError unless this request may push, by a token in a header that no browser adds by itself."""
        if self.exposed or self.private or self.tokens.exist():
            self._require(_bearer(request), "pushing")

    def require_read(self, request: Request) -> None:
        """Raise RefusedError unless this request may read; a browser asks for a token as the password of any name."""
        if self.private:
            self._require(_bearer(request) or _password(request), "reading")

    def _require(self, token: str | None, doing: str) -> None:
        if token is None:
            raise RefusedError(401, f"{doing} takes a token, and none was sent", hint="set ENVPRINT_TOKEN")
        if self.tokens.name_of(token) is None:
            raise RefusedError(
                401, "the token that was sent is none of this registry", hint="envprint serve tokens add NAME"
            )


def _bearer(request: Request) -> str | None:
    return _after("bearer", request)


def _password(request: Request) -> str | None:
    try:
        pair = base64.b64decode(_after("basic", request) or "", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return pair.partition(":")[2] or None


def _after(scheme: str, request: Request) -> str | None:
    met, _, rest = request.headers.get("authorization", "").partition(" ")
    return rest.strip() if met.lower() == scheme else None
