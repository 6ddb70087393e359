"""Errors as answers: one sentence as JSON, with the status that says what kind it is."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from envprint.errors import EnvprintError
from envprint.registry.refusal import RefusedError
from envprint.renderers.plain import json_text, plain

LONGEST = 300
CHALLENGES = {"WWW-Authenticate": 'Bearer realm="envprint"'}
BROWSER_CHALLENGES = {"WWW-Authenticate": 'Basic realm="envprint: a token is the password", charset="UTF-8"'}


class Problem(BaseModel):
    """What was met, and what to do about it."""

    error: str
    hint: str | None = None


def problem(status: int, error: str, *, hint: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as an answer."""
    document = {"error": plain(error)[:LONGEST], "hint": plain(hint)[:LONGEST] if hint else None}
    return Response(json_text(document), status, headers, "application/json")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of the errors that a path may answer with."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


def answer_problems(app: FastAPI) -> None:
    """Have every error of an application answered as a Problem."""
    app.add_exception_handler(EnvprintError, _of_envprint)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_parameters)
    app.add_exception_handler(SQLAlchemyError, _of_database)
    app.add_exception_handler(Exception, _of_anything)


def _of_envprint(request: Request, exc: Exception) -> Response:
    status = exc.status if isinstance(exc, RefusedError) else 422
    headers = None
    if status == HTTPStatus.UNAUTHORIZED:
        headers = BROWSER_CHALLENGES if "text/html" in request.headers.get("accept", "") else CHALLENGES
    return problem(status, str(exc), hint=getattr(exc, "hint", None), headers=headers)


def _of_http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - the handler's own
    headers = dict(exc.headers or {})
    if exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    hint = "openapi.json says what there is" if exc.status_code == HTTPStatus.NOT_FOUND else None
    return problem(exc.status_code, str(exc.detail), hint=hint, headers=headers)


def _methods(request: Request) -> set[str]:
    """Return what a path can be asked with: each of its methods is a route, and each names its own alone."""
    there = [each for each in request.app.state.routes if each.matches(request.scope)[0] is not Match.NONE]
    return {method for each in there for method in getattr(each, "methods", None) or ()}


def _of_parameters(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 - the handler's own
    first = exc.errors()[0]
    where = " ".join(str(part) for part in first["loc"])
    return problem(422, f"{where}: {first['msg'].lower()}")


def _of_database(_: Request, exc: Exception) -> Response:
    return problem(503, f"the database does not answer: {type(exc).__name__}", hint="ask again in a moment")


def _of_anything(_: Request, exc: Exception) -> Response:
    return problem(500, f"internal error: {type(exc).__name__}", hint="please report it")
