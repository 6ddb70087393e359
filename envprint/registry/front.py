"""What each request passes before it is understood: names and origins of others, too many requests; and headers."""

import math
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from envprint.registry.allowance import Allowance
from envprint.registry.problems import problem

READING = {"GET", "HEAD"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Authorization",
}


class Front:
    """An ASGI application before another; `names` are those of the server, None where it is not bound to loopback.

    A page of another site can have a browser ask any address: by its own name bound to 127.0.0.1 (DNS rebinding), or
    across sites. The first is seen by the name, the second by the origin.
    """

    def __init__(self, app: ASGIApp, allowance: Allowance, names: Iterable[str] | None) -> None:
        self._app = app
        self._allowance = allowance
        self._names = None if names is None else frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what goes no further, and hand on the rest."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not headers.get("content-type", "").startswith("text/html"):  # pages have one of their own
                    headers.append("Content-Security-Policy", "default-src 'none'")
                headers.append("Content-Security-Policy", "frame-ancestors 'none'")
            await send(message)

        headers = Headers(scope=scope)
        lacking = self._allowance.spend((scope.get("client") or ("",))[0], scope["path"])
        if lacking:
            after = {"Retry-After": str(math.ceil(lacking))}
            answer = problem(429, "too many requests", hint="ask again in a moment", headers=after)
        elif self._names is not None and _name(headers.get("host", "")) not in self._names:
            answer = problem(421, "this server goes by another name", hint="bind it to that name: --host")
        elif scope["method"] not in READING and _is_of_another_site(headers):
            answer = problem(403, "a page of another site asked for this")
        else:
            await self._app(scope, receive, send_with_headers)
            return
        await answer(scope, receive, send_with_headers)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_of_another_site(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")
