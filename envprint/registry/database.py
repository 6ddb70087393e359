"""Open a database, SQLite's or PostgreSQL's, and bring its tables up to date."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from platformdirs import user_data_path
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from envprint.errors import EnvprintError

KINDS = "expected sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
# FULL: a commit is on the disk before it returns, in WAL mode too: https://www.sqlite.org/pragma.html#pragma_synchronous
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000")
MIGRATING = 0x656E7670  # the advisory lock of PostgreSQL that servers which start at once take in turn


def open_database(address: str | None = None) -> Engine:
    """Return a database whose tables are up to date; without an address, the file in the user's data directory."""
    url = _url(address)
    name = url.render_as_string(hide_password=True)
    try:
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite", pool_size=16)
        if url.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _set_pragmas)
        with engine.begin() as connection:
            _migrate(connection)
    except CommandError as exc:
        raise EnvprintError(f"{name} was written by a newer envprint", hint="upgrade envprint") from exc
    except SQLAlchemyError as exc:
        raise EnvprintError(f"the database {name} cannot be opened: {_reason(exc)}") from exc
    return engine


def _url(address: str | None) -> URL:
    if address is None:
        return URL.create("sqlite", database=str(_in_data_directory()))
    try:
        url = make_url(address)
    except ArgumentError as exc:
        raise EnvprintError(f"--database is no address of a database; {KINDS}") from exc
    if url.drivername not in ("sqlite", "postgresql+psycopg") or (url.drivername == "sqlite" and not url.database):
        raise EnvprintError(f"--database is one of {url.drivername}; {KINDS}")
    return url


def _in_data_directory() -> Path:
    folder = user_data_path("envprint")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise EnvprintError(f"{folder} cannot be made: {exc.strerror}", hint="name another: --database") from exc
    return folder / "registry.sqlite3"


def _set_pragmas(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    config = Config()
    config.set_main_option("script_location", "envprint.registry:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _reason(exc: SQLAlchemyError) -> str:
    """Return what the driver says, in a line; it names host and user, and no password."""
    said = str(getattr(exc, "orig", None) or exc).strip().splitlines()
    return said[0] if said else type(exc).__name__
