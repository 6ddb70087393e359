"""Reports in which every text is hostile: built by hypothesis from the models, and one that has a bit of all."""

import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from hypothesis import strategies as st

from envprint.report import (
    Change,
    Checkup,
    Dismissed,
    Divergence,
    Drift,
    Finding,
    Hazard,
    KernelDrift,
    ModelDrift,
    OrderDrift,
    Parting,
    Record,
    Report,
    Side,
    SideGap,
    TensorDrift,
)

R = TypeVar("R", bound=Record)

FEW = 2
HOSTILE = [
    "</style></title></svg><script>window.pwned = 1; alert(1)</script>",
    "<img src=x onerror=\"window.pwned = 1\"> ' onload='window.pwned = 1' x=\"",
    "]]> --> <!-- </code></pre></details><details open ontoggle=window.pwned=1>",
    "javascript:window.pwned=1",
    "https://evil.example/?q=<b>",
    "https://user@evil.example/ www.evil.example mail@evil.example",
    "![](https://evil.example/x.png) [click](https://evil.example) <https://evil.example>",
    "@everyone #123 owner/repo#7 GH-12 :tada: $x^2$ 93ac61ec5a8eb1396f9fbd350e3169a558528a40",
    "``` `a` ``b`` ~~~ | x | y |\n|---|---|\n# heading\n1. one\n- [ ] two\n> [!NOTE]",
    "a|b \\| \\\\| `|` c\\",
    "\x1b[2J\x9b31m\u202etxt.exe\u2066\ufeff\0",
    "**bold** _it_ ~~gone~~ &lt;b&gt; &#64;user [^1]",
    "n" * 300,
    "",
    " ",
]
texts = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-3, 2**70)
sizes = st.floats(min_value=-1, max_value=1e30) | st.just(float("nan"))
values = st.recursive(st.none() | st.booleans() | numbers | texts, lambda each: st.lists(each, max_size=FEW))


def built(model: type[R]) -> st.SearchStrategy[R]:
    """Return records of a model with all their fields set."""
    shares = {name: st.floats(0, 1) for name in ("confidence", "likelihood") if name in model.model_fields}
    fields = {
        name: _of(field.annotation) for name, field in model.model_fields.items() if name not in {"schema_", *shares}
    }
    return st.builds(model, **fields, **shares)


def _of(annotation: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return st.one_of([_of(argument) for argument in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is dict:
        return st.dictionaries(_of(arguments[0]), _of(arguments[1]), max_size=FEW)
    if origin is tuple:
        return st.lists(_of(arguments[0]), max_size=FEW).map(tuple)
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return built(annotation)
    plain = {bool: st.booleans(), int: numbers, float: sizes, str: texts, type(None): st.none(), Any: values}
    return plain[annotation]


def full_report(text: str = "<b>text</b> @user", name: str = "n" * 300) -> Report:
    """Return a report with a bit of all that there is to show, and the same text all over."""
    change = Change(path=f"cpu.{name}", kind="changed", a=text, b=[name, text], why=text)
    finding = Finding(
        cause="intra-op-threads", title=text, status="supported", confidence=0.91, effect="small", expected=text,
        measured=text, changes=(change.path,), moved=tuple(f"cpu.{name}{place}" for place in range(30)), stayed=(text,),
        evidence=(text,), wrong=True, why=text, fix=text, cost=text, see=("https://pytorch.org/docs", text),
    )  # fmt: skip
    tree = OrderDrift(path="cpu.sum", a=text, b=text, trees={"a": "(0*8+1)", "b": "(((0*2+1)*2+2)*2+4)"})
    return Report(
        verdict="divergent", summary=text, sides={"a": Side(id=f"sha256:{'ab' * 32}", name=name), "b": Side(id=text)},
        first_divergence=Divergence(step=3, component=text, a=text, b=name), findings=(finding,) * 5,
        dismissed=(Dismissed(cause=text, reason=text),), unexplained=(name,), hazards=(hazard(text),),
        drift=Drift(kernels=kernels(text), orders=(tree,)), changes=(change,),
        gaps=(SideGap(side="a", path=name, kind="failed", reason=text),),
    )  # fmt: skip


def full_checkup(text: str = "<b>text</b> @user") -> Checkup:
    """Return a checkup with a hazard."""
    return Checkup(side=Side(id=text, name=text), summary=text, hazards=(hazard(text),), unread=(text,))


def hazard(text: str) -> Hazard:
    """Return a hazard whose texts are all the same."""
    return Hazard(
        cause=text, title=text, makes="run", severity="high", likelihood=0.5, effect=text, expected=text,
        sides=("a", "b"), facts={text: [text]}, wrong=True, why=text, fix=text, cost=text, see=(text,),
    )  # fmt: skip


def kernels(text: str = "") -> tuple[KernelDrift, ...]:
    """Return a kernel of each kind that a picture tells apart, in two layers."""
    known = {"device": "cpu", "dtype": "float32", "layers": ("ATen", text or "BLAS"), "sampled": 64}
    moved = {"state": "moved", "differing": 31}
    fields: dict[str, dict[str, Any]] = {
        "far": {**moved, "max_ulp": 1000, "relative": 1e-4},
        "near": {**moved, "max_ulp": 1, "relative": 1e-7},
        "nan": {**moved, "max_ulp": None},
        "zero": {**moved, "max_ulp": 0, "relative": 0.0},
        "beside": {"state": "moved", "differing": 0, "reason": "outside of the samples"},
        "same": {"state": "identical"},
        "lacking": {"state": "unknown", "reason": text or "not run", "lacking": ("b",), "missing": True},
    }
    return tuple(KernelDrift(path=f"cpu.{name}", **{**known, **each}) for name, each in fields.items())


def full_models(text: str = "<b>text</b> @user", name: str = "n" * 300) -> Report:
    """Return a report of two models with a bit of all that there is to show, and the same text all over."""
    drift = ModelDrift(
        tensors=tuple(tensors(text, name)), identical=3, compared=11, renaming=text,
        outputs={"own": "differ", "eval": "same"},
        partings=(
            Parting(mode="own", module=name, type=text, same_inputs=True, same_weights=False, relative=0.1),
            Parting(mode="eval", module=text, type=name, same_inputs=False, same_weights=True),
        ),
    )  # fmt: skip
    setting = Change(path=f"model.modules.{name}.eps", kind="changed", a=text, b=[text])
    left = setting.model_copy(update={"path": f"model.modules.{name}.momentum", "bearing": "none"})
    of_tensors = [
        Change(path=f"model.tensors.{each.name}", kind="changed", a=text, b=text, why=text) for each in drift.tensors
    ]
    finding = Finding(
        cause="bn-hyperparams", title=text, status="confirmed", confidence=0.9, effect="small", evidence=(text,) * 3,
        changes=(*(change.path for change in of_tensors), setting.path), why=text, fix=text,
    )  # fmt: skip
    return Report(
        verdict="divergent", summary=text, sides={"a": Side(id="", name=name), "b": Side(id="")}, notes=(text,),
        findings=(finding,), models=drift, changes=(*of_tensors, setting, left),
    )  # fmt: skip


def tensors(text: str = "", name: str = "fc") -> list[TensorDrift]:
    """Return a tensor of each kind that a picture tells apart."""
    known = {"kind": "parameter", "dtype": {"a": "float32", "b": "float32"}, "shape": {"a": (4, 4), "b": (4, 4)}}
    numbers = {"state": "differs", "differing": 3, "count": 16}
    fields: dict[str, dict[str, Any]] = {
        "far": {**numbers, "differing": 16, "max_ulp": 2**31, "relative": 1.5},
        "near": {**numbers, "max_ulp": 12, "relative": 1e-7},
        "mean": {**numbers, "kind": "buffer", "max_ulp": 99, "relative": 1e-3},
        "nan": {**numbers},
        "shape": {"state": "differs", "count": 16, "detail": text or "shape (4, 4) against (8, 2)"},
        "half": {"state": "recast", "relative": 0.0, "detail": "b is a rounded to float16", "dtype": {"b": text}},
        "turned": {"state": "transposed", "detail": text or "b is a.permute(1, 0)", "other": f"{text}.turned"},
        "lost": {"state": "missing", "kind": "buffer"},
        "new": {"state": "unexpected", "looks": {"b": "fresh"}},
        "unread": {"state": "unknown", "detail": text or "its numbers could not be read on one side"},
    }
    return [TensorDrift(**{**known, **each, "name": f"{name}.{which}"}) for which, each in fields.items()]
