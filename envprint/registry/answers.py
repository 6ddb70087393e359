"""What the registry answers, as JSON; and the parameters that it takes."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BaseModel
from starlette.requests import Request

from envprint.registry.store import Found, Search

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
REFERENCE = r"^(sha256:)?[0-9a-f]{4,64}$"
LONGEST = 200
Reference = Annotated[
    str, Path(pattern=REFERENCE, description="An id, or the beginning of one: at least four of its digits.")
]
Words = Annotated[str | None, Query(max_length=LONGEST, pattern=PRINTABLE)]
Label = Annotated[str | None, Query(max_length=LONGEST, min_length=1, pattern=PRINTABLE)]
After = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="The `next` of the page before.")]


class Pushed(BaseModel):
    """What became of a push: `new` where nobody had pushed this manifest before."""

    id: str
    new: bool


class Listed(BaseModel):
    """A manifest in a list; `labels` are the latest, each with the time of its first push."""

    id: str
    labels: dict[str, str]
    host: str | None
    gpu: str | None
    torch: str | None
    taken_at: str | None
    received_at: str
    size_bytes: int


class Page(BaseModel):
    """Manifests, the latest first; `next` asks for the page after this, and is null on the last."""

    manifests: list[Listed]
    next: int | None


def listed(found: Found) -> Listed:
    """Return what a list shows of a manifest."""
    facts: dict[str, Any] = {name: getattr(found, name) for name in Listed.model_fields}
    return Listed(**facts)


def search_of(  # noqa: PLR0913, PLR0917 - a parameter each
    label: Words = None,
    host: Words = None,
    gpu: Words = None,
    cause: Words = None,
    q: Words = None,
    after: After = None,
) -> Search:
    """Return what the parameters of a list ask for; a field of a form that was left empty asks for nothing."""
    return Search(
        label=label or None, host=host or None, gpu=gpu or None, cause=cause or None, q=q or None, after=after
    )


Asked = Annotated[Search, Depends(search_of)]


def wants_html(request: Request, *, usual: bool) -> bool:
    """Tell which of the twins is asked for: by the path's end, else by what is accepted, else the usual one."""
    accepted = request.headers.get("accept", "")
    if request.url.path.endswith(".json"):
        return False
    if "text/html" in accepted:
        return True
    return usual and "application/json" not in accepted
