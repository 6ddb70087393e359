"""What each path means for results: the table names every field, and nothing that is not there."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest

from envprint.bearing import NUMERIC_PACKAGES, RULES, UNLISTED, is_dismissed, rule_of
from envprint.collectors.variables import is_numeric
from envprint.compare import compare
from envprint.manifest import SECTIONS, Manifest, Section
from envprint.manifest.machine import Accelerators
from envprint.manifest.numerics import Effective, Pool, Precision, Threads
from envprint.manifest.software import Variable, Variables

# Below these are keys of maps, which no model names.
KEYED = (
    "variables.environment.", "system.compilers.", "precision.autocast.", "precision.sdpa.", "libraries.loaded.lib",
    "accelerators.*.partitions",
)  # fmt: skip


def paths_of(model: type[Section], prefix: str) -> Iterator[str]:
    """Yield a path for each field, `key` standing for the keys of maps."""
    for name, field in model.model_fields.items():
        for kind in [kind for kind in get_args(field.annotation) or [field.annotation] if kind is not type(None)]:
            yield from _paths_of_kind(kind, f"{prefix}.{name}")


def _paths_of_kind(kind: Any, path: str) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, Section):
        if ".key.partitions" not in path:  # a device's partitions are devices
            yield from paths_of(kind, path)
    elif get_origin(kind) is dict:
        yield from _paths_of_kind(get_args(kind)[1], f"{path}.key")
    else:
        yield path


def all_paths() -> list[str]:
    paths: list[str] = []
    for name in SECTIONS:
        (model,) = (kind for kind in get_args(Manifest.model_fields[name].annotation) if kind is not type(None))
        paths += [name, *paths_of(model, name)]
    return paths


@pytest.mark.parametrize("path", all_paths())
def test_every_field_has_a_rule(path: str) -> None:
    assert rule_of(path) != UNLISTED


def test_every_rule_is_about_something_that_a_manifest_has() -> None:
    known = [*all_paths(), "id", "taken.at", "taken"]
    idle = []
    for rule in RULES:
        regex = re.compile(".*".join(re.escape(part) for part in rule.pattern.split("*")))
        if not rule.pattern.startswith(KEYED) and not any(regex.match(path) for path in known):
            idle.append(rule.pattern)

    assert [] == idle


def test_rules_about_variables_name_variables_that_are_captured() -> None:
    patterns = [rule.pattern for rule in RULES if rule.pattern.startswith("variables.environment.")]
    names = [pattern.split(".")[2].rstrip("*") for pattern in patterns]

    unknown = [
        name
        for name in names
        if not any(is_numeric(f"{name}{rest}") for rest in ("", "X", "_X", "PRELOAD", "MALLOC", "LIBRARY_PATH"))
    ]
    assert [] == unknown


@pytest.mark.parametrize("name", ["numpy", "torch", "nvidia-cudnn-cu12", "transformers", "pillow"])
def test_packages_that_compute_are_suspects(name: str) -> None:
    assert NUMERIC_PACKAGES.fullmatch(f"packages.installed.{name}")


@pytest.mark.parametrize("name", ["click", "rich", "torchlight", "numpydoc", "nvidia"])
def test_other_packages_have_no_bearing(name: str) -> None:
    assert "none" == rule_of(f"packages.installed.{name}").weight


def gpu_switch(*, gpu: bool, tf32: bool) -> Manifest:
    return Manifest(
        precision=Precision(cuda_matmul_allow_tf32=tf32), effective=Effective(gpu=gpu, tf32_matmul=gpu and tf32)
    )


def test_a_switch_of_the_gpu_does_nothing_where_there_is_none() -> None:
    (change,) = compare(gpu_switch(gpu=False, tf32=True), gpu_switch(gpu=False, tf32=False))

    assert ("none", "no GPU in use on either side") == (change.bearing, change.why)
    assert is_dismissed(change)


def test_the_same_switch_decides_where_a_gpu_obeys_it() -> None:
    changes = compare(gpu_switch(gpu=True, tf32=True), gpu_switch(gpu=True, tf32=False))

    assert ["effective.tf32_matmul", "precision.cuda_matmul_allow_tf32"] == [change.path for change in changes]
    assert [("numeric", True), ("numeric", False)] == [(change.bearing, change.decisive) for change in changes]


def threads(number: int, variable: str | None) -> Manifest:
    environment = {} if variable is None else {"OMP_NUM_THREADS": Variable(at_exec=variable, now=variable)}
    return Manifest(
        threads=Threads(torch_intraop=number, pools={"libgomp": Pool(threads=number)}),
        variables=Variables(environment=environment),
    )


def test_a_variable_that_came_to_the_same_threads_is_without_effect() -> None:
    changes = compare(threads(2, None), threads(2, "2"))

    assert {"none"} == {change.bearing for change in changes}


def test_what_a_variable_acts_through_must_be_known_to_rule_it_out() -> None:
    unread = Manifest(variables=threads(2, "2").variables)
    changes = compare(unread, Manifest(variables=threads(2, None).variables))

    assert "numeric" == next(change.bearing for change in changes if change.path.endswith(".now"))


def test_an_unknown_device_is_no_reason_to_call_a_switch_harmless() -> None:
    a = Manifest(precision=Precision(fp16_accumulation=True), accelerators=Accelerators(devices={}))
    b = Manifest(precision=Precision(fp16_accumulation=False), accelerators=Accelerators(devices={}))

    assert ["numeric"] == [change.bearing for change in compare(a, b)]
