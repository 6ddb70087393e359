from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from _stored import content, document, push, store_in

from envprint.errors import EnvprintError
from envprint.registry.database import open_database
from envprint.registry.entry import entry_of
from envprint.registry.refusal import RefusedError
from envprint.registry.store import Search, Store

TAKEN: dict[str, Any] = {"taken": {"host": "node7", "at": "2026-11-22T03:21:42+00:00"}}
GPUS: dict[str, Any] = {"accelerators": {"devices": {"0": {"name": "NVIDIA H100"}, "1": {"name": "NVIDIA H100"}}}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with store_in(tmp_path) as opened:
        yield opened


def test_a_manifest_that_is_pushed_twice_is_kept_once_under_both_labels(store: Store) -> None:
    assert [True] == store.put([push(1, "run 1")])
    assert [False, False] == store.put([push(1, "run 2"), push(1, "run 2")])

    (found,) = store.page(Search(), 10)
    assert ["run 2", "run 1"] == list(found.labels)
    assert content(1) == store.content(found)


def test_circumstance_makes_no_other_manifest_and_the_first_is_kept(store: Store) -> None:
    store.put([push(1, **TAKEN)])
    store.put([push(1)])

    (found,) = store.page(Search(), 10)
    assert ("node7", TAKEN["taken"]["at"]) == (found.host, found.taken_at)


def test_a_manifest_is_found_by_each_beginning_that_is_its_own(store: Store) -> None:
    store.put([push(number) for number in range(40)])
    ids = [document(number)["id"] for number in range(40)]

    for each in ids:
        assert each == store.find(each[:19]).id
        assert each == store.find(each.removeprefix("sha256:")).id
    with pytest.raises(RefusedError, match="more than one") as several:
        store.find("")
    with pytest.raises(RefusedError, match="no manifest 0000000") as none:
        store.find("0000000")
    assert (409, 404) == (several.value.status, none.value.status)


def test_pages_show_each_once_the_latest_first(store: Store) -> None:
    for number in range(25):
        store.put([push(number, "even" if number % 2 == 0 else "odd")])
    seen: list[str] = []
    search = Search()
    while page := store.page(search, 10):
        seen += [each.id for each in page]
        search = Search(after=page[-1].number)

    assert [document(number)["id"] for number in reversed(range(25))] == seen
    assert 13 == len(store.page(Search(label="even"), 100))
    assert ["even", "odd"] == store.labels(10)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (Search(host="node7"), 1),
        (Search(host="node"), 0),
        (Search(gpu="h100"), 1),
        (Search(gpu="%"), 0),
        (Search(q="NODE7 h100"), 1),
        (Search(q="Größe"), 1),
        (Search(q="größe 100 %"), 1),
        (Search(q="größe node7"), 0),
        (Search(q="'; DROP TABLE manifests; --"), 0),
        (Search(label="' OR 1=1 --"), 0),
    ],
)
def test_searches_take_what_is_typed_as_text(store: Store, search: Search, expected: int) -> None:
    store.put([push(1, **TAKEN, **GPUS), push(2, "Größe 100 %")])

    assert expected == len(store.page(search, 10))
    assert 2 == len(store.page(Search(), 10))


def test_an_anonymous_manifest_has_no_host_in_the_list(store: Store) -> None:
    store.put([push(1, taken={"at": "2026-11-22T03:21:42+00:00"})])

    assert None is store.page(Search(), 10)[0].host


def test_what_is_searched_holds_nothing_that_a_terminal_or_a_database_stumbles_over() -> None:
    entry = entry_of(content(taken={"host": "a\x00b\x1b[31m\u202e"}))

    assert "a\\x00b\\x1b[31m\\u202e" == entry.host


def test_another_content_than_the_id_says_is_refused() -> None:
    edited = orjson.dumps({**document(1), "system": {"kernel": "7.0"}})
    with pytest.raises(RefusedError, match="not that of its content") as refused:
        entry_of(edited)

    assert 409 == refused.value.status


def test_a_body_lies_compressed_in_the_database(store: Store, samples: Path) -> None:
    sample = (samples / "manifests" / "zen.json").read_bytes()

    assert len(entry_of(sample).body) < 0.6 * len(sample)


def test_a_database_of_a_newer_envprint_is_left_alone(store: Store, tmp_path: Path) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(EnvprintError, match="written by a newer envprint"):
        open_database(f"sqlite:///{tmp_path / 'registry.sqlite3'}")


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "mysql://host/name",
        "sqlite://",
        "postgresql+psycopg://u:hunter2@localhost:1/none",
        "sqlite:////nowhere/x",
    ],
)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(address: str) -> None:
    with pytest.raises(EnvprintError) as refused:
        open_database(address)

    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_migrations_make_the_tables_that_the_models_name(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from envprint.registry.tables import Base

    with store.engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), Base.metadata)
