"""The JSON Schemas in schemas/ are those of the models; `python tests/test_schemas.py --write` makes them anew."""

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from envprint.causes import explain
from envprint.causes.cause import Catalog
from envprint.causes.checkup import examine
from envprint.causes.loading import load_catalog
from envprint.collectors import capture
from envprint.fleet.report import FleetReport
from envprint.manifest import Manifest
from envprint.report import Checkup, Report

FOLDER = Path(__file__).parent.parent / "schemas"
MODELS: dict[str, type[BaseModel]] = {
    "manifest-1.json": Manifest,
    "report-1.json": Report,
    "checkup-1.json": Checkup,
    "catalog-1.json": Catalog,
    "fleet-1.json": FleetReport,
}


def generate(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(mode="serialization", by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def as_text(model: type[BaseModel]) -> str:
    return json.dumps(generate(model), indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", MODELS)
def test_the_committed_schema_is_current(name: str) -> None:
    assert as_text(MODELS[name]) == (FOLDER / name).read_text(encoding="utf-8"), "make schemas"


def test_a_captured_manifest_and_its_report_are_valid() -> None:
    manifest = capture()
    report = explain(manifest, manifest.model_copy(update={"torch": None, "id": "sha256:0"}))

    assert [] == errors_of(manifest.as_json(), Manifest)
    assert [] == errors_of(report.model_dump(mode="json", by_alias=True), Report)


def test_a_checkup_and_the_catalog_are_valid() -> None:
    checkup, catalog = examine(capture()), load_catalog()

    assert [] == errors_of(checkup.model_dump(mode="json", by_alias=True), Checkup)
    assert [] == errors_of(catalog.model_dump(mode="json", by_alias=True, exclude_defaults=True), Catalog)


def test_what_is_neither_is_invalid() -> None:
    assert errors_of({"schema": "something/else"}, Manifest)
    assert errors_of({"verdict": "perhaps"}, Report)


def errors_of(document: object, model: type[BaseModel]) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(generate(model)).iter_errors(document)]


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    for file, model_ in MODELS.items():
        (FOLDER / file).write_text(as_text(model_), encoding="utf-8")
