"""The catalog of causes: data, read once, validated."""

import functools
import sys
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Cause(BaseModel):
    """A known reason for divergence.

    `paths` are the facts that show it (`*` stands for anything); a change of one of `direct` shows it without doubt.
    Where a `wider` cause is found too, this one is its consequence, and its changes are told there.
    `prior` weighs how often it is the culprit among causes whose facts differ. `expected` is the size of the drift.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    paths: tuple[str, ...]
    direct: tuple[str, ...] = ()
    wider: tuple[str, ...] = ()
    prior: int = Field(ge=1, le=8)
    effect: str
    expected: str
    why: str
    fix: str
    cost: str
    see: tuple[str, ...]


@functools.cache
def load_catalog() -> tuple[Cause, ...]:
    """Return every cause, by family and id."""
    folder = resources.files("envprint.causes") / "catalog"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    return tuple(Cause(id=name, **entry) for table in tables for name, entry in table.items())
