"""The first module at which two runs part within a step, forward, or backward where all forward is the same."""

import base64
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from envprint.causes.runs.alignment import Alignment
from envprint.causes.runs.parting import Parting
from envprint.manifest.ledger import Calls, Modules, Run, Step
from envprint.report import ModuleParting

ROUNDING = {"float64": 1e-6, "float32": 1e-5, "float16": 5e-3, "bfloat16": 4e-2}  # relative, of one module
SKETCH = 16  # bytes


@dataclass(frozen=True)
class Call:
    """What a module gave at one of its calls; `module` is its name without which call and which output it was."""

    kind: str
    name: str
    digest: str
    inputs: str
    norm: str
    sketch: str
    dtype: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells a call from others of a step."""
        return self.kind, self.name

    @property
    def module(self) -> str:
        """Return the name of the module alone."""
        return self.name.partition("#")[0].partition("[")[0]


def first_module(a: Run, b: Run, aligned: Alignment, parting: Parting) -> ModuleParting | None:
    """Return the first module that parts at the step at which the results do; None where modules tell of none."""
    steps = aligned.a.get(parting.acts), aligned.b.get(parting.acts)
    left, right = (_of(run, step) for run, step in zip((a, b), steps, strict=True))
    if left is None or right is None:
        return None
    forward = _first(list(_calls(a, left.forward, "forward")), list(_calls(b, right.forward, "forward")))
    if forward is not None:
        found = _parting_of(*forward)
        return None if parting.component == "batch" and not found.same_inputs else found  # another batch explains it
    return _backward(list(_merged(a, left)), list(_merged(b, right)))


def _of(run: Run, step: Step | None) -> Modules | None:
    return None if step is None or run.modules is None else step.modules


def _calls(run: Run, calls: Calls | None, kind: str) -> Iterator[Call]:
    if calls is None:
        return
    table = list(zip(run.modules or (), run.types or (), strict=False))
    columns = [_words(text) for text in (calls.module, calls.digest, calls.norm, calls.sketch, calls.inputs)]
    for place, digest, norm, sketch, inputs in zip_longest(*columns, fillvalue=""):
        if place.isdecimal() and int(place) < len(table):
            name, dtype = table[int(place)]
            yield Call(kind, name, digest, inputs, norm, sketch, dtype)


def _words(text: str) -> list[str]:
    return ["" if word == "-" else word for word in text.split()]


def _merged(run: Run, modules: Modules) -> Iterator[Call]:
    """Yield what comes back in the order in which it does: behind a module's gradient those of its own weights."""
    own = {each.name: each for each in _calls(run, modules.gradients, "gradients")}
    backward = list(_calls(run, modules.backward, "backward"))
    last = {each.module: place for place, each in enumerate(backward)}
    for place, each in enumerate(backward):
        yield each
        names = [each.name] if last[each.module] != place else [key for key in own if own[key].module == each.module]
        yield from (own.pop(name) for name in names if name in own)
    yield from reversed(own.values())


def _first(left: list[Call], right: list[Call]) -> tuple[Call, Call | None, str] | None:
    """Return the first call that parts, on both sides, or on the side that alone has it; None where none does."""
    others = {each.key: each for each in right}
    known = {each.key for each in left}
    if not known & others.keys():
        return None
    for each in left:
        other = others.get(each.key)
        if other is None or other.digest != each.digest:
            end = len(right) if other is None else right.index(other)
            only = next((extra for extra in right[:end] if extra.key not in known), None)
            return (each, other, "a") if only is None else (only, None, "b")
    only = next((extra for extra in right if extra.key not in known), None)
    return None if only is None else (only, None, "b")


def _parting_of(one: Call, other: Call | None, side: str) -> ModuleParting:
    """Return a parting in the forward pass."""
    if other is None:
        return ModuleParting(module=one.name, direction="forward", only=_side(side))
    relative = distance(one, other)
    same = one.inputs == other.inputs if one.inputs and other.inputs else None
    return ModuleParting(
        module=one.name, direction="forward", same_inputs=same, relative=relative, rounding=_is_rounding(one, relative)
    )


def _backward(left: list[Call], right: list[Call]) -> ModuleParting | None:
    """Return the module that passes another gradient back than it was given, or whose weights are given another."""
    found = _first(left, right)
    if found is None:
        return None
    one, other, side = found
    calls = right if side == "b" else left
    before = calls[: calls.index(one)]
    relative = None if other is None else distance(one, other)
    told: dict[str, Any] = {
        "relative": relative,
        "rounding": _is_rounding(one, relative),
        "only": None if other is not None else _side(side),
    }
    if one.kind == "gradients":
        return ModuleParting(module=one.name, direction="backward", same_inputs=True, of="weights", **told)
    if not before:
        return ModuleParting(module=one.name, direction="backward", same_inputs=False, **told)
    return ModuleParting(module=_innermost(before), direction="backward", same_inputs=True, to=one.name, **told)


def _innermost(before: list[Call]) -> str:
    """Return the last module of these; of some that returned one tensor the one within the others."""
    last = before[-1]
    row = [last]
    for each in reversed(before[:-1]):
        if each.digest != last.digest:
            break
        row.append(each)
    return max(row, key=lambda each: each.name.count(".") + bool(each.name)).name


def _side(side: str) -> Literal["a", "b"]:
    return "b" if side == "b" else "a"


def distance(one: Call, other: Call) -> float | None:
    """Return about how far apart two are, relative to the larger; None where that is not known."""
    sums = [_sums(each.sketch) for each in (one, other)]
    if sums[0] is None or sums[1] is None or one.dtype != other.dtype:
        return None
    apart = math.hypot(*(left - right for left, right in zip(*sums, strict=True)))
    largest = max(float(one.norm), float(other.norm))
    if not math.isfinite(apart) or not math.isfinite(largest):
        return None
    return apart / largest if largest else 0.0


def _sums(sketch: str) -> tuple[float, ...] | None:
    kept = base64.b64decode(sketch + "==")
    return struct.unpack("<4f", kept) if len(kept) == SKETCH else None


def _is_rounding(call: Call, relative: float | None) -> bool | None:
    return None if relative is None or call.dtype not in ROUNDING else relative <= ROUNDING[call.dtype]
