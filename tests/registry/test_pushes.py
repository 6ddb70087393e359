import threading
from pathlib import Path

import orjson
import pytest
from _servers import on_sqlite, serving
from _stored import content, document


def test_a_push_is_kept_once_and_given_back_byte_for_byte(tmp_path: Path, samples: Path) -> None:
    sample = (samples / "manifests" / "zen.json").read_bytes()
    with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
        first, second = server.push(sample, "run 1"), server.push(sample, "run 2")
        (found,) = server.get("/manifests").json()["manifests"]
        id_ = orjson.loads(sample)["id"]

        assert (201, 200) == (first.status_code, second.status_code)
        assert [{"id": id_, "new": True}, {"id": id_, "new": False}] == [first.json(), second.json()]
        assert (id_, ["run 2", "run 1"], "2.13.0+cpu") == (found["id"], list(found["labels"]), found["torch"])
        for path in (id_, id_[:15], id_[7:15], f"{id_}.json"):
            assert sample == server.get(f"/manifests/{path}").content


def test_a_list_is_asked_for_page_by_page(tmp_path: Path) -> None:
    with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
        for number in range(120):
            server.push(content(number), "even" if number % 2 == 0 else None)

        assert [document(number)["id"] for number in reversed(range(120))] == server.ids()
        assert [document(number)["id"] for number in reversed(range(0, 120, 2))] == server.ids(label="even")
        assert [] == server.ids(label="odd")


@pytest.mark.slow
def test_a_killed_server_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    for round_ in range(3):
        with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
            assert set(acknowledged) <= set(server.ids() if acknowledged else [])
            pushing = threading.Thread(target=_push_until_killed, args=(server, round_, acknowledged))
            pushing.start()
            enough = len(acknowledged) + 40
            while len(acknowledged) < enough:
                pushing.join(0.01)
                assert pushing.is_alive()
            server.kill()
            pushing.join(30)
    with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
        kept = set(server.ids())
        unreadable = [each for each in kept if server.get(f"/manifests/{each}").json()["id"] != each]

    assert len(acknowledged) >= 120
    assert set() == set(acknowledged) - kept
    assert [] == unreadable


def _push_until_killed(server: object, round_: int, acknowledged: list[str]) -> None:
    import httpx
    from _servers import JSON, Server

    assert isinstance(server, Server)
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for number in range(round_ * 100_000, (round_ + 1) * 100_000):
            try:
                done = client.post("/manifests", content=content(number), headers=JSON)
            except httpx.TransportError:
                return
            assert 201 == done.status_code
            acknowledged.append(done.json()["id"])


@pytest.mark.slow
def test_two_servers_on_one_file_take_turns(tmp_path: Path) -> None:
    database = on_sqlite(tmp_path)
    with serving(database, folder=tmp_path) as one, serving(database, folder=tmp_path) as other:
        pushing = [
            threading.Thread(
                target=lambda server=server: [server.push(content(number), "both") for number in range(40)]
            )
            for server in (one, other)
        ]
        for each in pushing:
            each.start()
        for each in pushing:
            each.join()

        assert {document(number)["id"] for number in range(40)} == set(one.ids())
        assert 40 == len(other.ids(label="both"))
