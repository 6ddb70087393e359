"""The paths of the registry; what has a page has a JSON twin, by `Accept` or by `.json` at its end."""

import asyncio
import functools
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from envprint.causes.loading import load_catalog
from envprint.fleet.page import render_fleet_html
from envprint.registry.answers import (
    REFERENCE,
    Asked,
    Label,
    Page,
    Pushed,
    Reference,
    listed,
    wants_html,
)
from envprint.registry.body import read_body
from envprint.registry.described import MANIFEST
from envprint.registry.entry import entry_of
from envprint.registry.pages import show_manifest, show_runs
from envprint.registry.problems import responses
from envprint.registry.service import Service, service_of
from envprint.registry.store import Push
from envprint.renderers import render
from envprint.renderers.plain import json_text

SIZE = 50  # of a page
SMALL = 256 * 1024  # bytes of a body
LABELS = 500  # that a page offers
COMPUTING = anyio.CapacityLimiter(2)  # comparisons at once
SCHEMES = {"token": {"type": "http", "scheme": "bearer"}}
TOKEN: dict[str, Any] = {"security": [{}, {"token": []}]}  # whether one is needed is the server's choice
BODY = {"required": True, "content": {"application/json": {"schema": MANIFEST}}}
CONTENT = {"text/html": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "object"}}}
TWINS: dict[int | str, dict[str, Any]] = {200: {"content": CONTENT}}
Serving = Annotated[Service, Depends(service_of)]


@functools.lru_cache
def known_causes() -> tuple[str, ...]:
    """Return the causes of the catalog: which of them were found in any of many manifests takes long to ask."""
    return tuple(sorted(each.id for each in load_catalog().causes))


def may_read(request: Request, service: Serving) -> Service:
    """Return the service to those who may read."""
    service.access.require_read(request)
    return service


Read = Annotated[Service, Depends(may_read)]
router = APIRouter(responses=responses(401, 429))


@router.post(
    "/manifests", status_code=201, openapi_extra={**TOKEN, "requestBody": BODY},
    responses={200: {"model": Pushed}, **responses(400, 403, 408, 409, 413, 415, 422, 503)}, response_model=Pushed,
)  # fmt: skip
async def push(request: Request, label: Label = None) -> Response:
    """Keep a manifest, once by its id, under a label: 201 where it is new, 200 where it was there."""
    service = service_of(request)
    service.access.require_push(request)
    body = await read_body(request)
    # a thread costs a small one more than it takes, for both want Python's lock
    entry = entry_of(body) if len(body) < SMALL else await anyio.to_thread.run_sync(entry_of, body)
    new = await asyncio.wrap_future(service.writer.put(Push(entry, label)))
    return JSONResponse({"id": f"sha256:{entry.digest}", "new": new}, 201 if new else 200)


@router.get("/manifests", responses=responses(422), openapi_extra=TOKEN)
def search(service: Read, asked: Asked) -> Page:
    """Return manifests, the latest first: those of a label, a host, a GPU that is called so, or with these words."""
    found = service.store.page(asked, SIZE + 1)
    after = found[SIZE - 1].number if len(found) > SIZE else None
    return Page(manifests=[listed(each) for each in found[:SIZE]], next=after)


@router.get("/runs", responses={**TWINS, **responses(422)}, openapi_extra=TOKEN)
@router.get("/runs.json", response_model=Page, responses=responses(422), openapi_extra=TOKEN)
def runs(request: Request, service: Read, asked: Asked) -> Response:
    """Return the page on which manifests are searched, and two are chosen to be compared."""
    page = search(service, asked)
    if not wants_html(request, usual=True):
        return Response(page.model_dump_json(), media_type="application/json")
    offered = {"label": service.store.labels(LABELS), "cause": known_causes()}
    return HTMLResponse(show_runs(page, asked, offered))


@router.get("/manifests/{reference}", responses={**TWINS, **responses(404, 409, 422)}, openapi_extra=TOKEN)
@router.get("/manifests/{reference}.json", responses=responses(404, 409, 422), openapi_extra=TOKEN)
def manifest(request: Request, service: Read, reference: Reference) -> Response:
    """Return a manifest as it was pushed, or a page of it."""
    found = service.store.find(reference)
    if wants_html(request, usual=False):
        return HTMLResponse(show_manifest(found, service.manifest(found)))
    return Response(service.store.content(found), media_type="application/json")


@router.get("/diff", status_code=303, response_class=RedirectResponse, responses=responses(422), openapi_extra=TOKEN)
def chosen(
    a: Annotated[str, Query(pattern=REFERENCE)], b: Annotated[str, Query(pattern=REFERENCE)]
) -> RedirectResponse:
    """Lead to the comparison of two that were chosen in a form."""
    return RedirectResponse(f"/diff/{a}/{b}", 303)


@router.get("/diff/{a}/{b}", responses={**TWINS, **responses(404, 409, 422)}, openapi_extra=TOKEN)
@router.get("/diff/{a}/{b}.json", responses=responses(404, 409, 422), openapi_extra=TOKEN)
async def diff(request: Request, service: Read, a: Reference, b: Reference) -> Response:
    """Return why two manifests differ: the page, or the report, of `envprint diff`."""
    html = wants_html(request, usual=True)

    def answer() -> str:
        return render(service.compare(a, b), "html" if html else "json")

    text = await anyio.to_thread.run_sync(answer, limiter=COMPUTING)
    return Response(text, media_type="text/html" if html else "application/json")


@router.get("/fleet", responses={**TWINS, **responses(404, 422)}, openapi_extra=TOKEN)
@router.get("/fleet.json", responses=responses(404, 422), openapi_extra=TOKEN)
async def fleet(request: Request, service: Read, asked: Asked) -> Response:
    """Return which of the manifests that are searched for compute the same bits, and what tells the others."""
    html = wants_html(request, usual=True)

    def answer() -> str:
        report = service.compare_many(asked)
        return render_fleet_html(report) if html else json_text(report.model_dump(mode="json", by_alias=True))

    text = await anyio.to_thread.run_sync(answer, limiter=COMPUTING)
    return Response(text, media_type="text/html" if html else "application/json")


@router.get("/", include_in_schema=False)
def begin() -> RedirectResponse:
    """Lead to the page of runs."""
    return RedirectResponse("/runs", 303)


@router.get("/favicon.ico", include_in_schema=False)
def icon() -> Response:
    """Say that there is none."""
    return Response(status_code=204)
