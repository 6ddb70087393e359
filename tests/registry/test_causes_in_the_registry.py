"""Runs are found by what `envprint doctor` says of them, which is looked for after the push."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from _servers import Server, on_sqlite, serving
from _stored import SAMPLES, content, push, store_in
from sqlalchemy import text

from envprint.causes.checkup import examine
from envprint.manifest import load
from envprint.registry.examining import Examiner
from envprint.registry.store import Search
from envprint.registry.writing import Writer

ZEN = SAMPLES / "manifests" / "zen.json"


def test_a_manifest_is_found_by_a_cause_once_that_was_noted(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        store.put([push(number, "even" if number % 2 == 0 else "odd") for number in range(6)])
        waiting = store.unexamined(10)
        for place, each in enumerate(waiting):
            store.keep_causes(each, ["tf32-matmul"] if place < 3 else ["cudnn-benchmark", "tf32-matmul"])
        store.keep_causes(waiting[0], ["tf32-matmul"])

        assert (6, []) == (len(waiting), store.unexamined(10))
        assert 6 == len(store.page(Search(cause="tf32-matmul"), 10))
        assert [each.id for each in waiting[3:]] == [each.id for each in store.page(Search(cause="cudnn-benchmark"), 9)]
        assert 1 == len(store.page(Search(cause="cudnn-benchmark", label="odd"), 10))
        assert [waiting[5].id] == [
            each.id for each in store.page(Search(cause="cudnn-benchmark", after=waiting[4].number), 10)
        ]


def test_what_is_pushed_is_examined_and_offered_on_the_page(
    tmp_path: Path, envprint: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    expected = {hazard.cause for hazard in examine(load(ZEN)).hazards}
    with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
        server.push(ZEN.read_bytes())
        server.push(content(1))
        (cause, *_) = sorted(expected)
        found = _awaited(server, cause)
        page = server.get("/runs", accept="text/html", cause=cause).text
        listed = envprint("ls", "--cause", cause, ENVPRINT_SERVER=server.url)

        assert [load(ZEN).id] == found
        assert [] == server.ids(cause="no-such-cause")
        assert f'<option value="{cause}">' in page
        assert 1 == page.count('type="radio" name="a"')
        assert 1 == len(listed.stdout.splitlines())


def test_a_body_that_is_broken_and_a_database_that_is_away_keep_no_other_waiting(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        store.put([push(1), push(2)])
        run = store.engine.begin
        with run() as connection:
            connection.execute(text("UPDATE bodies SET content = 'no zstd' WHERE manifest = 2"))
            connection.execute(text("ALTER TABLE causes RENAME TO away"))
            connection.execute(text("ALTER TABLE manifests RENAME TO gone"))
        examiner = Examiner(store, Writer(store))
        time.sleep(1.5)  # it has asked in vain by now
        with run() as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO manifests"))
            connection.execute(text("ALTER TABLE away RENAME TO causes"))
        for _ in range(100):
            if not store.unexamined(10):
                break
            time.sleep(0.1)
        examiner.close()

        assert [] == store.unexamined(10)


def _awaited(server: Server, cause: str) -> list[str]:
    for _ in range(300):
        if found := server.ids(cause=cause):
            return found
        time.sleep(0.1)
    return []
