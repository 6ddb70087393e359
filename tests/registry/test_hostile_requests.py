import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from _servers import JSON, Server, on_sqlite, serving
from _stored import content, document

MARKUP = "<script>window.pwned = 1</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hostile")
    with serving(on_sqlite(folder), folder=folder) as running:
        running.push(content(1))
        yield running
        assert "Traceback" not in running.log.read_text()


def refusal(answer: Any) -> tuple[int, str]:
    """Return the status and the one sentence of an error."""
    assert "application/json" == answer.headers["content-type"]
    assert {"error", "hint"} == answer.json().keys()
    error = answer.json()["error"]
    assert "Traceback" not in answer.text
    assert "\n" not in error
    return answer.status_code, error


DEEP = b'{"schema": "envprint/manifest/1", "a": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b"[" * 100_000, 400),
        (content(1)[:-20], 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b'{"schema": "\xff"}', 400),
        (DEEP, 400),
        (b'{"schema": "envprint/manifest/1", "system": ' + b'{"a":' * 40 + b"1" + b"}" * 41, 422),
        (b'{"schema": "envprint/manifest/1", "a": 1, "a": 2}', 422),
        (b'{"schema": "envprint/manifest/1", "a": [' + b"0," * 250_000 + b"0]}", 422),
        (b'{"schema": "envprint/manifest/1", "a": 1e999}', 400),
        (b"{}", 422),
        (b'{"schema": "envprint/manifest/2"}', 422),
        (b'{"schema": "envprint/manifest/1", "cpu": 7}', 422),
        (orjson.dumps({**document(1), "id": "sha256:" + "0" * 64}), 409),
        (orjson.dumps({**document(1), "id": MARKUP}), 409),
        (orjson.dumps({**document(1), "system": {"kernel": "edited"}}), 409),
        (b"{" + b" " * (16 * 1024 * 1024) + b"}", 413),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_body_that_is_no_manifest_is_refused_in_a_sentence(server: Server, body: bytes, status: int) -> None:
    assert status == refusal(server.push(body))[0]
    assert [document(1)["id"]] == server.ids()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json"]
)
def test_a_body_that_is_not_said_to_be_json_is_refused(server: Server, kind: str) -> None:
    answer = server.client.post("/manifests", content=content(2), headers={"Content-Type": kind})

    assert 415 == refusal(answer)[0]


def test_an_encoded_body_is_refused(server: Server) -> None:
    answer = server.client.post("/manifests", content=content(2), headers={**JSON, "Content-Encoding": "gzip"})

    assert 415 == refusal(answer)[0]


def spoken(server: Server, request: bytes, *, to_the_end: bool = True) -> bytes:
    """Return what the server answers to bytes that no client would send."""
    place = urlsplit(server.url)
    assert place.hostname
    assert place.port
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(request)
        if to_the_end:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
    return answer


def head(server: Server, length: str, path: str = "/manifests") -> bytes:
    host = urlsplit(server.url).netloc
    lines = (f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close", "Content-Type: application/json", length)
    return "\r\n".join((*lines, "", "")).encode()


def test_a_hundred_megabytes_are_refused_before_they_are_sent(server: Server) -> None:
    answer = spoken(server, head(server, f"Content-Length: {100 * 1000**2}"), to_the_end=False)

    assert answer.startswith(b"HTTP/1.1 413")


def test_a_hundred_megabytes_of_unknown_length_are_refused_on_their_way(server: Server) -> None:
    def endless() -> Iterator[bytes]:
        yield from (b" " * 1024**2 for _ in range(17))

    answer = server.client.post("/manifests", content=endless(), headers=JSON)

    assert 413 == refusal(answer)[0]


@pytest.mark.parametrize(
    "request_", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_http_is_refused_and_the_server_goes_on(server: Server, request_: bytes) -> None:
    spoken(server, request_)

    assert 200 == server.get("/manifests").status_code


def test_a_body_that_ends_early_leaves_nothing_behind(server: Server) -> None:
    body = content(3)
    spoken(server, head(server, f"Content-Length: {len(body) + 10}") + body)

    assert document(3)["id"] not in server.ids()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/manifests/0000", 404),
        ("/manifests/abc", 422),
        ("/manifests/..%2f..%2fetc%2fpasswd", 404),
        ("/manifests/%00", 422),
        ("/manifests/' OR 1=1 --", 422),
        ("/manifests/" + "a" * 5000, 422),
        ("/diff/0000/0000", 404),
        ("/diff/x/y.json", 422),
        ("/diff?a=%0d%0aSet-Cookie:x&b=0000", 422),
        ("/manifests?after=-1", 422),
        ("/manifests?after=99999999999999999999", 422),
        ("/manifests?after=nan", 422),
        ("/manifests?q=%00", 422),
        ("/manifests?label=" + "a" * 201, 422),
        ("/fleet?label=none", 404),
        ("/../../etc/passwd", 404),
        ("/docs", 404),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_in_a_sentence(server: Server, path: str, status: int) -> None:
    for accept in ("application/json", "text/html"):
        assert status == refusal(server.get(path, accept))[0]


def test_another_method_is_refused_and_told_which_there_are(server: Server) -> None:
    answer = server.client.delete("/manifests")

    assert 405 == refusal(answer)[0]
    assert "GET, POST" == answer.headers["allow"]


@pytest.mark.parametrize("label", ["", "a\nb", "\x00", "x" * 201, "\x1b[31m"])
def test_a_label_that_is_no_line_is_refused(server: Server, label: str) -> None:
    answer = server.client.post("/manifests", params={"label": label}, content=content(1), headers=JSON)

    assert 422 == refusal(answer)[0]


@pytest.fixture(scope="module")
def showing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("showing")
    with serving(on_sqlite(folder), folder=folder) as running:
        running.push(content(5), "plain")
        yield running


@pytest.mark.parametrize(
    "name", [MARKUP, "'; DROP TABLE manifests; --", "{{7*7}}", "\u202eelif", "../../x", "=cmd()", "%00", "ß" * 200]
)
def test_a_hostile_name_is_shown_as_text(showing: Server, name: str) -> None:
    sections = {"taken": {"host": name}, "torch": {"version": name}, "cpu": {"model": name}}
    id_, other = document(4, **sections)["id"], document(5)["id"]
    assert 201 == showing.push(content(4, **sections), name).status_code
    paths = ("/runs", f"/manifests/{id_}", f"/diff/{id_}/{other}", "/fleet")
    pages = [showing.get(path, "text/html") for path in paths]
    pages += [showing.get("/runs", "text/html", q=name, label=name, host=name)]

    assert [id_] == showing.ids(label=name)
    for page in pages:
        assert 200 == page.status_code
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "\u202e" not in page.text
        assert "set-cookie" not in page.headers
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
