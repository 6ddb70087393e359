"""The catalog of causes as data: what an entry says, and what it reads."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Path: TypeAlias = Annotated[str, Field(min_length=1)]
Text: TypeAlias = Annotated[str, Field(min_length=3)]
Probability: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Magnitude: TypeAlias = Literal["stream", "gross", "medium", "small", "ulp", "amplifier", "none", "error"]
Scope: TypeAlias = Literal[
    "run-to-run", "machine-to-machine", "config-to-config", "version-to-version", "reload", "resume"
]


class Entry(BaseModel):
    """A part of the catalog."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


class Sign(Entry):
    """What a change between two manifests must be: of which path (`*` stands for anything), and how.

    `differs` is changed, appeared or vanished; `crosses`: one version lies below `value`, the other at or above it;
    `release`: the versions differ in their numbers, not only in how they were built (`+cpu`); `late`: a variable that
    on one side was set after the process began.
    """

    path: Path
    is_: Literal["differs", "changed", "appeared", "vanished", "crosses", "release", "late"] = Field(alias="is")
    value: str | None = None


class State(Entry):
    """What must hold in one manifest: at which path (`*` stands for any that there is), and what.

    `present`: read, and there; `absent`: read, and not there; `not`: there, and another; `below` and `from` compare
    versions; `late`: a variable whose value now is not that of the start. What was not read fulfils nothing.
    """

    path: Path
    is_: Literal[
        "equals", "one-of", "not", "below", "from", "present", "absent", "late", "more-than", "contains", "lacks"
    ] = Field(alias="is")
    value: Any = None


class Effect(Entry):
    """What causes and known bugs have in common: what they do to results, why, and what to do.

    `moves` are the layers or probes that it may move, `surely` those of them that it moves wherever it acts.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.]*(-[a-z0-9.]+)*$")
    title: Text
    magnitude: Magnitude
    moves: tuple[str, ...] = ()
    surely: tuple[str, ...] = ()
    expected: str = ""
    why: Text
    fix: Text
    cost: Text
    see: tuple[Annotated[str, Field(pattern="^https?://")], ...] = Field(min_length=1)


class Cause(Effect):
    """A known reason for divergence.

    Any of `signs` in a comparison makes it a suspect, where on one side all of `needs` hold, on each all of
    `needs_both`, and all of `equal` are known to be the same; where it says `otherwise`, only for changes that no other
    cause reads. A change of one of `direct` shows it without doubt. All of `hazard` in one manifest can make equal
    environments differ, or outputs repeat (`repeats`). `band` is the size of the drift, relative in float32 in one
    forward pass, at least and at most; one number has no upper end. `stays` are probes it cannot move, beside all that
    are not in `moves`; `by_thread`: what it does is gone where both sides run with one thread. Where a `wider` cause is
    found too, this one is its consequence. `prior` is the probability that it changes results where its signs match
    and nothing else is known. `seen_in` says what shows it at all; `by_model`: a comparison of two models shows it.
    """

    family: str = ""
    kind: Literal["difference", "hazard", "rule-out"]
    band: tuple[float, ...] = Field(default=(), max_length=2)
    scope: tuple[Scope, ...] = Field(min_length=1)
    prior: Probability
    signs: tuple[Sign, ...] = ()
    needs: tuple[State, ...] = ()
    needs_both: tuple[State, ...] = ()
    hazard: tuple[State, ...] = ()
    direct: tuple[Path, ...] = ()
    stays: tuple[str, ...] = ()
    by_thread: bool = False
    wider: tuple[str, ...] = ()
    equal: tuple[Path, ...] = ()
    otherwise: bool = False
    repeats: bool = False
    by_model: bool = False
    seen_in: Literal["manifest", "model", "run", "code", "nowhere"]

    @property
    def is_environmental(self) -> bool:
        """Tell whether the environment in a manifest can show it."""
        return bool(self.signs or self.hazard)

    @property
    def is_live(self) -> bool:
        """Tell whether a manifest, or a model, can show it."""
        return self.is_environmental or self.by_model


class Bug(Effect):
    """A release that computes wrong results: where (all of `when` hold in one manifest), and the cause it belongs to.

    `rarely`: it shows in few runs, so what differs in every run is not its work. `prior` is the probability that it
    shows in a run there.
    """

    cause: str
    rarely: bool = False
    prior: Probability = 0.3
    when: tuple[State, ...] = Field(min_length=1)


class Catalog(Entry):
    """Every cause and every known bug."""

    causes: tuple[Cause, ...]
    bugs: tuple[Bug, ...] = ()
