import base64
import http.client
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from _servers import JSON, Server, on_sqlite, serving
from _stored import content, document, store_in

from envprint.errors import EnvprintError
from envprint.registry.allowance import Allowance
from envprint.registry.tokens import Tokens


def token_in(folder: Path, name: str = "ci") -> str:
    with store_in(folder) as store:
        return Tokens(store.engine).add(name)


def test_a_token_is_kept_as_a_digest_alone(tmp_path: Path) -> None:
    token = token_in(tmp_path)
    kept = b"".join(each.read_bytes() for each in tmp_path.iterdir())

    assert len(token) > 40
    assert token.encode() not in kept
    assert token.removeprefix("envprint_").encode() not in kept


def test_a_token_is_of_one_name_until_it_is_removed(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        token = Tokens(store.engine).add("ci")
        assert "ci" == Tokens(store.engine).name_of(token)
        assert None is Tokens(store.engine).name_of(token[:-1])
        with pytest.raises(EnvprintError, match="has a token already"):
            Tokens(store.engine).add("ci")
        Tokens(store.engine).remove("ci")
        assert None is Tokens(store.engine).name_of(token)
        with pytest.raises(EnvprintError, match="has no token"):
            Tokens(store.engine).remove("ci")


def test_once_there_is_a_token_pushing_takes_one_and_reading_none(tmp_path: Path) -> None:
    token = token_in(tmp_path)
    with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
        refused = [server.push(content(1), token=each) for each in (None, "wrong", token + "x", token[:-1], "")]
        kept = server.push(content(1), token=token)

        assert [401] * 5 == [each.status_code for each in refused]
        assert all(each.headers["www-authenticate"].startswith("Bearer") for each in refused)
        assert 201 == kept.status_code
        assert [document(1)["id"]] == server.ids()
        log = server.log.read_text()
    assert token not in log
    assert "wrong" not in log


def test_of_a_private_registry_reading_takes_a_token_too(tmp_path: Path) -> None:
    token = token_in(tmp_path)
    password = base64.b64encode(f"me:{token}".encode()).decode()
    with serving(on_sqlite(tmp_path), "--private", folder=tmp_path) as server:
        server.push(content(1), token=token)
        paths = (
            "/manifests",
            "/runs",
            "/fleet",
            f"/manifests/{document(1)['id']}",
            "/diff/0000/0000",
            "/manifests/0000",
        )
        for path in paths:
            assert 401 == server.get(path).status_code
            assert 401 == server.client.get(path, headers={"Authorization": "Basic x"}).status_code
        asked = server.get("/runs", "text/html")
        read = server.client.get("/runs", headers={"Authorization": f"Basic {password}"})
        pushed = server.client.post(
            "/manifests", content=content(2), headers={**JSON, "Authorization": f"Basic {password}"}
        )

    assert asked.headers["www-authenticate"].startswith("Basic")
    assert 200 == read.status_code
    assert 401 == pushed.status_code  # what a browser adds by itself pushes nothing


def test_beyond_loopback_nobody_pushes_without_a_token(tmp_path: Path) -> None:
    with serving(on_sqlite(tmp_path), "--host", "0.0.0.0", folder=tmp_path) as server:  # noqa: S104 - what is tested
        assert 401 == server.push(content(1)).status_code
        assert 200 == server.get("/manifests").status_code
        assert "nobody can push" in server.log.read_text()


def asked(server: Server, method: str, **headers: str) -> int:
    """Return the status of a request with headers as a browser on another site's page would send them."""
    place = urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    named: dict[str, Any] = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(
        method, "/manifests", content(1) if method == "POST" else None, {"Host": place.netloc, **JSON, **named}
    )
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_page_of_another_site_can_have_nothing_pushed_or_read(tmp_path: Path) -> None:
    with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
        assert 403 == asked(server, "POST", Origin="https://other.example")
        assert 403 == asked(server, "POST", Origin="null")
        assert 415 == asked(server, "POST", Content_Type="text/plain")  # all that a form, or no-cors, can send
        assert 403 == asked(server, "OPTIONS", Origin="https://other.example", Access_Control_Request_Method="POST")
        assert 421 == asked(server, "GET", Host="rebound.example")
        assert 421 == asked(server, "POST", Host="rebound.example", Origin="http://rebound.example")
        assert [] == server.ids()
        answers = [server.get(path, "text/html") for path in ("/runs", "/manifests", "/")]
        assert 201 == asked(server, "POST", Origin=server.url)

    for answer in answers:
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.slow
def test_who_asks_too_much_is_told_when_to_ask_again(tmp_path: Path) -> None:
    with serving(on_sqlite(tmp_path), "--rate", "0.5", folder=tmp_path) as server:
        answers = [server.get("/manifests") for _ in range(6)]
        last = answers[-1]
        time.sleep(int(last.headers["retry-after"]))

        assert 429 == last.status_code
        assert "too many requests" == last.json()["error"]
        assert 2 <= sum(answer.status_code == 200 for answer in answers) < 6
        assert 200 == server.get("/manifests").status_code


def test_an_allowance_is_each_clients_own_and_remembers_not_more_than_so_many() -> None:
    allowance = Allowance(1.0)
    spent = [allowance.spend("a", "/runs") for _ in range(5)]

    assert [0, 0, 0, 0] == spent[:4]
    assert spent[4] > 0
    assert 0 == allowance.spend("b", "/runs")
    for number in range(5000):
        allowance.spend(str(number), "/runs")
    assert len(allowance._left) <= 4096
