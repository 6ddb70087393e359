import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from _servers import Server, on_sqlite, serving
from _stored import SAMPLES, content, document, store_in

from envprint.errors import EnvprintError
from envprint.manifest import load
from envprint.registry.client import Client, is_address
from envprint.registry.tokens import Tokens

Run = Callable[..., subprocess.CompletedProcess[str]]
ZEN, HASWELL = (SAMPLES / "manifests" / f"{name}.json" for name in ("zen", "haswell"))
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    with serving(on_sqlite(folder), folder=folder) as running:
        yield running


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Server]:
    with serving(on_sqlite(tmp_path), folder=tmp_path) as running:
        yield running


def test_what_is_pushed_is_listed_pulled_and_compared(empty: Server, envprint: Run, tmp_path: Path) -> None:
    variables = {"ENVPRINT_SERVER": empty.url}
    zen, haswell = load(ZEN), load(HASWELL)
    pushed = envprint("push", str(ZEN), "--label", "run 12", **variables)
    again = envprint("push", str(ZEN), "--server", empty.url + "/")
    envprint("push", str(HASWELL), "--label", "run 13", **variables)
    listed = envprint("ls", "--label", "run 12", **variables)
    pulled = envprint("pull", zen.id[:15], "-o", "pulled.json", **variables)
    compared = envprint("diff", zen.id[:15], haswell.id[7:15], "--format", "json", **variables)

    assert (0, f"{zen.id}\n", "") == (pushed.returncode, pushed.stdout, pushed.stderr)
    assert (0, "envprint: it was there already\n") == (again.returncode, again.stderr)
    assert [zen.id[7:19]] == [line.split()[0] for line in listed.stdout.splitlines()]
    assert "run 12" in listed.stdout
    assert 0 == pulled.returncode
    assert zen == load(tmp_path / "pulled.json")
    assert [zen.id, haswell.id] == [side["id"] for side in orjson.loads(compared.stdout)["sides"].values()]
    assert 1 == compared.returncode


def test_an_id_is_compared_with_a_file_and_a_file_is_taken_first(server: Server, envprint: Run, tmp_path: Path) -> None:
    server.push(ZEN.read_bytes())
    zen = load(ZEN)
    variables = {"ENVPRINT_SERVER": server.url}
    with_file = envprint("diff", zen.id[7:15], str(HASWELL), "--format", "json", **variables)
    (tmp_path / "abcd").write_bytes(ZEN.read_bytes())
    with_name = envprint("diff", "abcd", zen.id, **variables)
    without_server = envprint("diff", zen.id[7:15], str(HASWELL), ENVPRINT_SERVER="")

    assert 1 == with_file.returncode, with_file.stderr
    assert 0 == with_name.returncode, with_name.stderr
    assert 2 == without_server.returncode


def test_all_under_a_label_and_three_ids_are_compared_at_once(empty: Server, envprint: Run) -> None:
    variables = {"ENVPRINT_SERVER": empty.url}
    pair = [SAMPLES / "pairs" / "intra-op-threads" / f"{side}.json" for side in "ab"]
    for path in (*pair, ZEN):
        envprint("push", str(path), "--label", "nodes", **variables)
    envprint("push", str(HASWELL), "--label", "others", **variables)
    ids = [load(path).id for path in (*pair, ZEN)]
    labelled = orjson.loads(envprint("diff", "--label", "nodes", "--format", "json", **variables).stdout)
    named = orjson.loads(envprint("diff", *ids, "--format", "json", **variables).stdout)
    nothing = envprint("diff", "--label", "nobody", **variables)

    assert [3, 3] == [len(labelled["groups"]), len(named["groups"])]
    assert {each[7:19] for each in ids} == {name[:12] for group in labelled["groups"] for name in group["members"]}
    assert set(ids) == {name for group in named["groups"] for name in group["members"]}
    assert "intra-op-threads" in {fact["cause"] for fact in labelled["facts"]}
    assert (2, "") == (nothing.returncode, nothing.stdout)
    assert "expected two or more" in nothing.stderr


@pytest.mark.slow
@pytest.mark.torch
def test_a_capture_goes_straight_to_the_registry(server: Server, envprint: Run) -> None:
    done = envprint("capture", "--no-probe", "--push", "--label", "fresh", ENVPRINT_SERVER=server.url)

    assert [done.stdout.strip()] == server.ids(label="fresh")


def test_a_push_without_a_token_that_is_needed_says_what_to_do(envprint: Run, tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        token = Tokens(store.engine).add("ci")
    with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
        refused = envprint("push", str(ZEN), ENVPRINT_SERVER=server.url, ENVPRINT_TOKEN="")
        kept = envprint("push", str(ZEN), ENVPRINT_SERVER=server.url, ENVPRINT_TOKEN=token)

    assert (2, "hint: set ENVPRINT_TOKEN") == (refused.returncode, refused.stderr.splitlines()[1])
    assert (0, "") == (kept.returncode, kept.stderr)
    assert token not in refused.stderr + kept.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("push", str(ZEN), "--server", NOWHERE),
        ("push", "missing.json", "--server", NOWHERE),
        ("push", str(ZEN), "--server", "ftp://host"),
        ("push", str(ZEN), "--server", "http://user:hunter2@host"),
        ("push", str(ZEN), "--server", "file:///etc/passwd"),
        ("pull", "xyz", "--server", NOWHERE),
        ("pull", "../../x", "--server", NOWHERE),
        ("ls", "--server", NOWHERE),
        ("capture", "--label", "x"),
        ("capture", "--push", "-o", "x.json", "--", "true"),
        ("serve", "--host", "256.0.0.1"),
        ("serve", "--database", "mysql://u:hunter2@h/d"),
        ("serve", "tokens", "remove", "nobody", "--database", "sqlite:///x.sqlite3"),
        ("serve", "tokens", "add", "a\nb", "--database", "sqlite:///x.sqlite3"),
    ],
)
def test_trouble_is_a_line_and_status_2(envprint: Run, words: tuple[str, ...], tmp_path: Path) -> None:
    done = envprint(*words, XDG_DATA_HOME=str(tmp_path))
    lines = done.stderr.splitlines()

    assert (2, "") == (done.returncode, done.stdout)
    assert lines[0].startswith("envprint: ")
    assert [] == [line for line in lines[1:] if not line.startswith("hint: ")]
    assert "hunter2" not in done.stderr


def test_an_id_that_is_nowhere_or_of_many_is_told(server: Server, envprint: Run) -> None:
    done = envprint("pull", "00000000", "--server", server.url)

    assert (2, f"envprint: {server.url} refused: there is no manifest 00000000") == (
        done.returncode,
        done.stderr.splitlines()[0],
    )


class Liar(http.server.BaseHTTPRequestHandler):
    """A server that is no registry: it answers as its path says."""

    answers: tuple[tuple[int, bytes, str], ...] = (
        (200, b"<html>", ""), (200, b"[]", ""), (200, content(2), ""), (302, b"", "http://127.0.0.1:9/"),
        (500, b"boom", ""), (404, b'{"error": 1}', ""), (404, b'"error"', ""), (200, b"\xff", ""),
    )  # fmt: skip
    asked = 0

    def do_GET(self) -> None:
        """Answer with the next lie."""
        status, body, place = self.answers[Liar.asked % len(self.answers)]
        Liar.asked += 1
        self.send_response(status)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_what_is_no_registry_is_told_in_a_sentence() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar) as lying:
        threading.Thread(target=lying.serve_forever, daemon=True).start()
        client = Client(f"http://127.0.0.1:{lying.server_address[1]}")
        for _ in Liar.answers:
            with pytest.raises(EnvprintError) as told:
                client.pull(document(1)["id"])
            assert "\n" not in str(told.value)
        lying.shutdown()


@pytest.mark.slow
def test_a_token_is_made_shown_without_itself_and_taken_away(envprint: Run) -> None:
    at = ("--database", "sqlite:///tokens.sqlite3")
    token = envprint("serve", "tokens", "add", "ci", *at).stdout
    shown = envprint("serve", "tokens", "list", *at).stdout
    removed = envprint("serve", *at, "tokens", "remove", "ci")

    assert token.startswith("envprint_")
    assert "ci" in shown
    assert token.strip() not in shown
    assert (0, "") == (removed.returncode, envprint("serve", "tokens", "list", *at).stdout)


def test_without_an_address_the_database_lies_in_the_users_data(envprint: Run, tmp_path: Path) -> None:
    envprint("serve", "tokens", "add", "ci", XDG_DATA_HOME=str(tmp_path / "data"))

    assert (tmp_path / "data" / "envprint" / "registry.sqlite3").is_file()


def test_the_command_line_loads_no_library_of_the_server_before_it_serves(run_python: Run) -> None:
    done = run_python(
        "import sys, envprint, envprint.cli, envprint.registry.client, envprint.cli._serve\n"
        "print([each for each in ('fastapi', 'starlette', 'uvicorn', 'sqlalchemy', 'alembic', 'zstandard', 'psycopg')"
        " if each in sys.modules])"
    )

    assert ("[]\n", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:8321", True), ("https://registry.example/envprint", True), ("http://[::1]:80", True),
        ("registry", False), ("http://", False), ("http://host:0", False), ("http://host:99999", False),
        ("http://a@host", False), ("http://ho st", False), ("http://h\u00f6st", False), ("javascript:alert(1)", False),
    ],
)  # fmt: skip
def test_an_address_is_of_the_web_and_holds_no_password(text: str, expected: bool) -> None:  # noqa: FBT001
    assert expected == is_address(text)
