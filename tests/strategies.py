"""Strategies of hypothesis, built from the models: manifests with gaps, maps, unset fields and fields of the future."""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from envprint.manifest import SCHEMA, Manifest, Section
from envprint.manifest.document import Lineage

S = TypeVar("S", bound=Section)

Lineage.model_rebuild()  # it names Manifest, which comes after it

DEPTH = 4  # records within records; a device may hold devices
FEW = 3

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "\0", "\x1b[31m", "a.b", "é"]
)
integers = st.integers(-(2**63), 2**64 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | integers | floats | texts,
    lambda children: st.lists(children, max_size=FEW) | st.dictionaries(texts, children, max_size=FEW),
    max_leaves=5,
)
extras = st.dictionaries(texts.map("future_{}".format), values, max_size=1)


def manifests(depth: int = DEPTH) -> st.SearchStrategy[Manifest]:
    """Return valid manifests of this version and of a newer minor one."""
    schemas = st.sampled_from([SCHEMA, f"{SCHEMA}.7"])
    apart = {"model", "run"}  # models and runs are compared on their own, and deep
    return st.builds(_renamed, records(Manifest, depth=depth, skip={"id", "schema", *apart}), schemas)


@st.composite
def records(draw: st.DrawFn, model: type[S], *, depth: int = DEPTH, skip: frozenset[str] | set[str] = frozenset()) -> S:
    """Return records of a model with a few of its fields set, some of them to None, and maybe one that it lacks."""
    fields = {
        field.alias or name: field for name, field in model.model_fields.items() if (field.alias or name) not in skip
    }
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=FEW))
    required = [name for name, field in fields.items() if field.is_required()]
    answers = {name: draw(_field(fields[name], depth)) for name in dict.fromkeys([*required, *chosen])}
    return model(**{**draw(extras), **answers})


def _field(field: FieldInfo, depth: int) -> st.SearchStrategy[Any]:
    return _of(field.annotation, depth)


def _of(annotation: Any, depth: int) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of(arguments[0], depth)
    if origin in {Union, types.UnionType}:
        return st.one_of([_of(argument, depth) for argument in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {dict, Mapping}:
        return st.dictionaries(texts, _of(arguments[1], depth), max_size=FEW if depth > 0 else 0)
    if origin in {tuple, list}:
        return st.lists(_of(arguments[0], depth), max_size=FEW).map(origin)
    if annotation in {Manifest, "Manifest"}:  # within a lineage; Python 3.10 leaves its name as it is written
        return manifests(min(depth - 2, 0))
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return records(annotation, depth=depth - 1)
    plain = {bool: st.booleans(), int: integers, float: floats, str: texts, type(None): st.none(), Any: values}
    return plain[annotation]


def _renamed(manifest: Manifest, schema: str) -> Manifest:
    return Manifest.model_validate({**manifest.as_json(), "schema": schema, "id": ""})
