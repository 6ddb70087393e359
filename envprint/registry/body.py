"""Read a body that may be anything, and no more of it than a manifest has."""

import anyio
from starlette.requests import ClientDisconnect, Request

from envprint.registry.refusal import RefusedError

LIMIT_BYTES = 16 * 1024 * 1024
LIMIT_SECONDS = 60.0
TOO_LARGE = f"the body is larger than {LIMIT_BYTES // 1024**2} MiB; a manifest is smaller"


async def read_body(request: Request) -> bytes:
    """Return the body of a request; RefusedError where it is no JSON by its headers, too large, or too slow."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, f"the body is {kind or 'of no type'}; expected application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError(415, "the body is encoded; expected plain JSON")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LIMIT_BYTES:
        raise RefusedError(413, TOO_LARGE)
    parts: list[bytes] = []
    size = 0
    try:
        with anyio.fail_after(LIMIT_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > LIMIT_BYTES:
                    raise RefusedError(413, TOO_LARGE)
                parts.append(part)
    except ClientDisconnect as exc:
        raise RefusedError(400, "the body ended before its length") from exc
    except TimeoutError as exc:
        raise RefusedError(408, f"the body took longer than {LIMIT_SECONDS:.0f} s") from exc
    return b"".join(parts)
