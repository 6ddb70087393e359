import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from _postgres import postgres
from _servers import Server, serving
from _stored import content, document, push
from sqlalchemy import text

from envprint.errors import EnvprintError
from envprint.registry.database import open_database
from envprint.registry.refusal import RefusedError
from envprint.registry.store import Search, Store
from envprint.registry.tokens import Tokens

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
TABLES = "manifests, causes, bodies, labels, tokens"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture
def database(cluster: str) -> str:
    """Return the address of the database, emptied."""
    engine = open_database(cluster)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {TABLES}"))
    engine.dispose()
    return cluster


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    engine = open_database(database)
    yield Store(engine)
    engine.dispose()


def test_a_manifest_is_kept_once_and_found_again(store: Store) -> None:
    sections = {"taken": {"host": "a\x00b"}, "accelerators": {"devices": {"0": {"name": "NVIDIA H100"}}}}
    assert [True] == store.put([push(1, "run 1", **sections)])
    assert [False, True] == store.put([push(1, "run 2", **sections), push(2)])
    found = store.find(document(1, **sections)["id"][:15])

    assert (["run 2", "run 1"], "a\\x00b") == (list(found.labels), found.host)
    assert content(1, **sections) == store.content(found)
    for search in (Search(label="run 1"), Search(q="H100 A\\X00"), Search(gpu="h100"), Search(host="a\\x00b")):
        assert [found.id] == [each.id for each in store.page(search, 10)]
    assert [] == store.page(Search(q="'; DROP TABLE manifests; --"), 10)
    with pytest.raises(RefusedError, match="more than one"):
        store.find("")


def test_the_migrations_make_the_tables_that_the_models_name(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from envprint.registry.tables import Base

    with store.engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_servers_that_start_at_once_make_the_tables_once(cluster: str) -> None:
    engine = open_database(cluster)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {TABLES}, alembic_version"))
    engine.dispose()
    failures: list[EnvprintError] = []

    def start() -> None:
        try:
            open_database(cluster).dispose()
        except EnvprintError as exc:
            failures.append(exc)

    starting = [threading.Thread(target=start) for _ in range(6)]
    for each in starting:
        each.start()
    for each in starting:
        each.join()

    assert [] == failures


def push_all(server: Server, numbers: range, wrong: list[int]) -> None:
    wrong += [
        status for number in numbers if (status := server.push(content(number), "both").status_code) not in (200, 201)
    ]


def test_two_servers_share_manifests_labels_and_tokens(database: str, tmp_path: Path) -> None:
    wrong: list[int] = []
    with serving(database, folder=tmp_path) as one, serving(database, folder=tmp_path) as other:
        upwards = threading.Thread(target=push_all, args=(one, range(60), wrong))
        downwards = threading.Thread(target=push_all, args=(other, range(59, -1, -1), wrong))
        for each in (upwards, downwards):
            each.start()
        for each in (upwards, downwards):
            each.join()
        seen = [set(server.ids(label="both")) for server in (one, other)]
        compared = other.get(f"/diff/{document(1)['id']}/{document(2)['id']}.json")
        engine = open_database(database)
        token = Tokens(engine).add("ci")
        engine.dispose()
        one.kill()
        statuses = {other.push(content(number)).status_code for number in (100,)}
        threading.Event().wait(2.1)  # what a server remembers of tokens
        statuses |= {other.push(content(101)).status_code, other.push(content(102), token=token).status_code}

    assert [] == wrong
    assert [{document(number)["id"] for number in range(60)}] * 2 == seen
    assert 200 == compared.status_code
    assert {201, 401} == statuses


def test_a_killed_server_loses_nothing_that_it_acknowledged(database: str, tmp_path: Path) -> None:
    with serving(database, folder=tmp_path) as server:
        kept = [server.push(content(number)).json()["id"] for number in range(30)]
        server.kill()
    with serving(database, folder=tmp_path) as server:
        assert set(kept) == set(server.ids())
