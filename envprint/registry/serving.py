"""Serve a registry with uvicorn."""

import gc
import ipaddress
import os
import socket
from collections.abc import Callable

import uvicorn

from envprint.errors import EnvprintError
from envprint.registry.app import RATE, make_app
from envprint.registry.database import open_database
from envprint.registry.tokens import Tokens

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
AT_ONCE = 512  # connections
WAITING = 1024  # connections that the kernel keeps


def serve(  # noqa: PLR0913 - an option each
    host: str,
    port: int,
    database: str | None,
    tell: Callable[[str], None],
    *,
    private: bool = False,
    rate: float = RATE,
) -> None:
    """Serve until the process is told to end; `tell` hears where. EnvprintError where it cannot be served."""
    engine = open_database(database)
    listening = _bind(host, port)
    exposed = not _is_loopback(listening.getsockname()[0])
    if exposed and not Tokens(engine).exist():
        tell("nobody can push: make a token with envprint serve tokens add NAME")
    app = make_app(
        engine, exposed=exposed, private=private, rate=rate, names=None if exposed else {*LOOPBACK_NAMES, host.lower()}
    )
    bound = listening.getsockname()
    shown = f"[{host}]" if ":" in host else host
    tell(f"serving http://{shown}:{bound[1]} from {engine.url.render_as_string(hide_password=True)}")
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", server_header=False, limit_concurrency=AT_ONCE, http="httptools",
        timeout_graceful_shutdown=10, proxy_headers=False,
    )  # fmt: skip
    gc.enable()  # the command line does without; a server would grow
    gc.freeze()
    with listening:
        uvicorn.Server(config).run(sockets=[listening])
    engine.dispose()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio takes Nagle's delay, 40 ms an answer, off those sockets alone that say their protocol
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows it would let two servers have one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(WAITING)
    except (OSError, OverflowError, UnicodeError) as exc:
        listening.close()
        reason = getattr(exc, "strerror", None) or exc
        raise EnvprintError(
            f"{host} port {port} cannot be served: {reason}", hint="name others: --host, --port"
        ) from exc
    return listening


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
