"""The manifest itself: sections, gaps, and a name that follows from the facts alone."""

import hashlib
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, model_validator

from envprint.manifest.ledger import Run
from envprint.manifest.machine import Accelerators, Cpu, System
from envprint.manifest.model import Model
from envprint.manifest.numerics import BlasPair, Compile, Determinism, Effective, Precision, Threads
from envprint.manifest.probes import Probes
from envprint.manifest.run import Distributed, Rng, Taken
from envprint.manifest.section import Section
from envprint.manifest.software import Code, Libraries, Packages, Python, Torch, Variables

SCHEMA = "envprint/manifest/1"
NOT_IDENTITY = ("id", "taken", "lineage", "carrier")


class Gap(Section):
    """Something that is not in the manifest: `absent` by nature, or it `failed` to be read."""

    kind: Literal["absent", "failed"]
    reason: str


class CarriedFile(Section):
    """A file of a saved model as it was when a manifest was put beside it; `digest` names its recipe.

    When it was `modified` and `changed` are the file system's times of its content and of its entry (mtime, ctime).
    """

    size_bytes: int
    digest: str
    modified_ns: int | None = None
    changed_ns: int | None = None


class Lineage(Section):
    """The manifests that a saved model carried before, the oldest first; after it `omitted` were left out."""

    earlier: Annotated[tuple["Manifest", ...], Field(strict=False)] = ()
    omitted: int = 0


class Manifest(Section):
    """Everything captured about one environment and process.

    `lineage` is the history of a saved model that carries this manifest; `carrier` holds the model's files by name
    where the manifest lies beside them. Neither is part of the identity.
    """

    schema_: str = Field(default=SCHEMA, alias="schema", pattern=r"^envprint/manifest/1(\.[0-9]{1,4})?$")
    id: str = ""
    system: System | None = None
    cpu: Cpu | None = None
    accelerators: Accelerators | None = None
    python: Python | None = None
    packages: Packages | None = None
    libraries: Libraries | None = None
    torch: Torch | None = None
    blas: BlasPair | None = None
    threads: Threads | None = None
    precision: Precision | None = None
    determinism: Determinism | None = None
    compile: Compile | None = None
    effective: Effective | None = None
    rng: Rng | None = None
    distributed: Distributed | None = None
    code: Code | None = None
    variables: Variables | None = None
    probes: Probes | None = None
    model: Model | None = None
    run: Run | None = None
    gaps: dict[str, Gap] = Field(default_factory=dict)
    taken: Taken | None = None
    lineage: Lineage | None = None
    carrier: dict[str, CarriedFile] | None = None

    @model_validator(mode="after")
    def _named_by_its_content(self) -> "Manifest":
        if not self.id:
            object.__setattr__(self, "id", identity(self.as_json()))
            self.model_fields_set.update({"id", "schema_", "gaps"})
        return self

    def as_json(self) -> dict[str, Any]:
        """Return the document as plain JSON values: what was never asked for is left out, what is None stays."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


SECTIONS: tuple[str, ...] = tuple(
    name for name in Manifest.model_fields if name not in {"schema_", "gaps", *NOT_IDENTITY}
)


def identity(document: dict[str, Any]) -> str:
    """Return `sha256:` over the canonical JSON of what is not circumstance; reasons of gaps are wording, not facts."""
    facts = {key: value for key, value in document.items() if key not in NOT_IDENTITY}
    facts["schema"] = SCHEMA
    facts["gaps"] = {path: gap["kind"] for path, gap in document.get("gaps", {}).items()}
    return "sha256:" + hashlib.sha256(canonical_json(facts)).hexdigest()


def canonical_json(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no white space, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
