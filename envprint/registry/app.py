"""The service: its parts put together."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib import metadata

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.types import ASGIApp

from envprint.registry.access import Access
from envprint.registry.allowance import Allowance
from envprint.registry.examining import Examiner
from envprint.registry.front import Front
from envprint.registry.problems import answer_problems
from envprint.registry.routes import SCHEMES, router
from envprint.registry.service import Service
from envprint.registry.store import Store
from envprint.registry.tokens import Tokens
from envprint.registry.writing import Writer

RATE = 500.0  # requests a second of one client


def make_app(
    engine: Engine,
    *,
    exposed: bool = False,
    private: bool = False,
    rate: float = RATE,
    names: Iterable[str] | None = None,
) -> ASGIApp:
    """Return the application over a database; `names` are those by which alone it is asked, None for any."""
    store = Store(engine)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        writer = Writer(store)
        examiner = Examiner(store, writer)
        app.state.service = Service(store, writer, Access(Tokens(engine), exposed=exposed, private=private))
        yield
        examiner.close()
        writer.close()

    app = FastAPI(
        title="envprint registry",
        version=metadata.version("envprint"),
        description="Manifests of environments: kept once by their ids, found, and compared.",
        docs_url=None,  # its scripts are another site's
        redoc_url=None,
        lifespan=running,
        separate_input_output_schemas=False,
    )
    app.include_router(router)
    answer_problems(app)
    app.state.routes = router.routes
    app.openapi().setdefault("components", {}).update(securitySchemes=SCHEMES)
    return Front(app, Allowance(rate), names)
