"""The service does what its OpenAPI says: schemathesis asks it for everything that this allows, and more."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from _servers import on_sqlite, serving
from _stored import content

PATHS = {"/manifests", "/manifests/{reference}", "/runs", "/diff", "/diff/{a}/{b}", "/fleet"}
PATHS |= {f"{path}.json" for path in ("/manifests/{reference}", "/runs", "/diff/{a}/{b}", "/fleet")}

OPTIONS = "--checks all --max-examples 15 --generation-deterministic --no-color --request-timeout 30"
PHASES = (
    "--phases examples,coverage",
    # in fields that nobody knows this makes numbers of more than 64 bits, which JSON has and a manifest has not
    "--phases fuzzing --exclude-checks positive_data_acceptance",
)


def test_every_path_is_described_with_its_twins_and_its_errors(tmp_path: Path) -> None:
    with serving(on_sqlite(tmp_path), folder=tmp_path) as server:
        described = server.get("/openapi.json").json()
    reading = [described["paths"][path]["get"] for path in PATHS]

    assert PATHS == set(described["paths"])
    assert {"text/html", "application/json"} == set(
        described["paths"]["/diff/{a}/{b}"]["get"]["responses"]["200"]["content"]
    )
    for operation in [*reading, described["paths"]["/manifests"]["post"]]:
        assert {"401", "422", "429"} <= set(operation["responses"])
        assert "Problem" in json.dumps(operation["responses"]["422"])
        assert [{}, {"token": []}] == operation["security"]


@pytest.mark.slow
@pytest.mark.parametrize("phases", PHASES)
def test_schemathesis_finds_nothing_that_the_description_does_not_say(tmp_path: Path, phases: str) -> None:
    program = str(Path(sys.executable).with_name("schemathesis"))
    with serving(on_sqlite(tmp_path), "--rate", "100000", folder=tmp_path) as server:
        for number in range(3):
            server.push(content(number), f"run {number}")
        words = [program, "run", *shlex.split(f"{OPTIONS} {phases}"), f"{server.url}/openapi.json"]
        done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=300)
        log = server.log.read_text()

    assert 0 == done.returncode, done.stdout[:6000]
    assert "Traceback" not in log
