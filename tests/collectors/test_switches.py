"""Precision, determinism, compile and generators: each switch that is turned shows in its field."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from types import SimpleNamespace as Namespace

import pytest

from envprint.collectors.compile import graph_breaks, graphs
from envprint.collectors.determinism import NCCL_VARIABLES, chosen, tunableop
from envprint.collectors.precision import SDPA_ORDERS, collect_precision, halve, raise_up, sdpa, sdpa_priority
from envprint.collectors.rng import was_set
from envprint.manifest.gaps import Absent, Gaps

Run = Callable[..., subprocess.CompletedProcess[str]]

# what to run · where it shows · before · after
TURNED = [
    ("torch.set_float32_matmul_precision('high')", "precision.float32_matmul", "highest", "high"),
    ("torch.set_float32_matmul_precision('high')", "precision.cuda_matmul_allow_tf32", False, True),
    ("torch.set_float32_matmul_precision('high')", "precision.fp32.cuda.matmul", "none", "tf32"),
    ("torch.set_float32_matmul_precision('medium')", "precision.fp32.mkldnn.matmul", "none", "bf16"),
    ("torch.backends.cudnn.allow_tf32 = False", "precision.cudnn_allow_tf32", True, False),
    ("torch.backends.cudnn.conv.fp32_precision = 'ieee'", "precision.fp32.cuda.conv", "tf32", "ieee"),
    ("torch.backends.cuda.matmul.allow_fp16_accumulation = True", "precision.fp16_accumulation", False, True),
    (
        "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False",
        "precision.bf16_reduced_reduction", "allowed", "no",
    ),
    (
        "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = (False, False)",
        "precision.fp16_reduced_reduction", "allowed", "no, nor split-k",
    ),
    ("torch.set_autocast_enabled('cpu', True)", "precision.autocast.cpu.enabled", False, True),
    ("torch.set_autocast_dtype('cuda', torch.bfloat16)", "precision.autocast.cuda.dtype", "float16", "bfloat16"),
    ("torch.set_autocast_cache_enabled(False)", "precision.autocast_cache", True, False),
    ("torch.backends.cuda.enable_flash_sdp(False)", "precision.sdpa.flash", True, False),
    ("torch.backends.cuda.enable_flash_sdp(False)", "effective.sdpa_backends", ["flash", "math"], ["math"]),
    ("torch.backends.mha.set_fastpath_enabled(False)", "precision.mha_fastpath", True, False),
    ("torch.set_flush_denormal(True)", "precision.denormal_inputs_flushed", False, True),
    ("torch.use_deterministic_algorithms(True)", "determinism.algorithms", False, True),
    ("torch.use_deterministic_algorithms(True, warn_only=True)", "determinism.warn_only", False, True),
    ("torch.utils.deterministic.fill_uninitialized_memory = False", "determinism.fill_uninitialized", True, False),
    ("torch.backends.cudnn.benchmark = True", "determinism.cudnn_benchmark", False, True),
    ("torch.backends.cudnn.deterministic = True", "determinism.cudnn_deterministic", False, True),
    ("torch.backends.cudnn.enabled = False", "determinism.cudnn_enabled", True, False),
    ("torch.backends.mkldnn.deterministic = True", "determinism.mkldnn_deterministic", False, True),
    ("import os; os.environ['CUBLAS_WORKSPACE_CONFIG'] = ':16:8'", "determinism.cublas_workspace", None, ":16:8"),
    ("import os; os.environ['NCCL_ALGO'] = 'Ring'", "determinism.nccl.NCCL_ALGO", None, "Ring"),
    ("torch.set_num_threads(1)", "threads.torch_intraop", 2, 1),
    ("torch.set_default_dtype(torch.float64)", "torch.default_dtype", "float32", "float64"),
    ("torch.backends.mkldnn.enabled = False", "blas.onednn.enabled", True, False),
    ("torch.manual_seed(3)", "rng.torch.seeded", False, True),
]  # fmt: skip


HAS_THEM_ALL = (2, 10)  # torch.__version__ compares with tuples

# Each line runs in a child of a process that has torch imported, so that none sees what another has turned.
IN_CHILDREN = """
import gc, json, os, sys, warnings
warnings.simplefilter("ignore")
import torch
from envprint.collectors import COLLECTORS, capture
from envprint.manifest.facts import facts_of
torch.set_num_threads(2)
asked = json.load(sys.stdin)
names = {path.partition(".")[0] for _, path in asked} & COLLECTORS.keys()
take = lambda: capture(collectors={name: COLLECTORS[name] for name in names})
before = take()
gc.collect(), gc.freeze()  # what is there stays in memory that is shared
for line, path in asked:
    if os.fork() == 0:
        try:
            exec(line)
            after = take()
            field = ".".join(path.split(".")[:2])
            gap = before.gaps.get(field) or after.gaps.get(field)
            told = gap.reason if gap else [facts_of(one).get(path) for one in (before, after)]
        except Exception as exc:
            told = repr(exc)
        print(json.dumps(told), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def turned() -> list[object]:
    """Return what was seen before and after each line of TURNED, or why nothing was."""
    asked = json.dumps([(line, path) for line, path, _, _ in TURNED])
    done = subprocess.run([sys.executable, "-c", IN_CHILDREN], input=asked, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.torch
@pytest.mark.parametrize("index", range(len(TURNED)), ids=[f"{path}: {line}" for line, path, _, _ in TURNED])
def test_a_switch_that_is_turned_shows_in_its_field(turned: list[object], index: int) -> None:
    import torch

    if isinstance(turned[index], str) and torch.__version__ < HAS_THEM_ALL:
        pytest.skip(f"torch {torch.__version__} lacks it: {turned[index]}")
    assert list(TURNED[index][2:]) == turned[index]


@pytest.mark.slow
@pytest.mark.torch
def test_the_configuration_of_inductor_is_read_once_it_is_imported(run_after_torch: Run) -> None:
    code = (
        "import torch, envprint\n"
        "print(envprint.capture().gaps['compile'].reason)\n"
        "import torch._inductor.config as config\n"
        "config.max_autotune = True\n"
        "found = envprint.capture()\n"
        "print(found.compile.inductor['max_autotune'], found.determinism.inductor['fallback_random'])\n"
    )

    expected = "torch.compile is not in use in this process\nTrue False\n"
    assert expected == run_after_torch(code).stdout


def test_denormals_are_computed_as_ieee_754_says_here() -> None:
    assert (2.2250738585072014e-308 / 2, 5e-324 * 1e300) == (halve(2.2250738585072014e-308), raise_up(5e-324))
    assert halve(2.2250738585072014e-308) > 0


def test_without_torch_only_denormals_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    gaps = Gaps("precision")
    precision = collect_precision(gaps)

    assert (False, None) == (precision.denormal_results_flushed, precision.float32_matmul)
    assert {"torch is not imported in this process"} == {gap.reason for gap in gaps.found.values()}


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (0, True),
        (2**32 - 1, True),
        (2**40, None),
        (2**63, False),
        (2941188220293195996, False),
        (67280421310721, None),  # that of a torch.Generator made by hand
    ],
)
def test_a_seed_is_judged_by_its_size(seed: int, expected: object) -> None:
    assert was_set(seed) is expected


def test_only_the_choices_of_nccl_that_are_set_are_kept() -> None:
    assert {"NCCL_ALGO": "Ring"} == chosen({"NCCL_ALGO": "Ring", "NCCL_DEBUG": "INFO", "HOME": "/"})
    assert sorted(NCCL_VARIABLES) == list(NCCL_VARIABLES)


COMPILES = """
import sys, torch, envprint
from envprint.collectors.compile import _counters
from envprint.probes.kernels.compiled import _uncounted

def told():
    found = envprint.capture()
    return found.compile.graphs, found.compile.graph_breaks, getattr(found.gaps.get("compile.graphs"), "reason", None)

torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=0.1)
before = {group: dict(counts) for group, counts in _counters().items()}
print(told(), before == _counters())

@torch.compile(backend="eager")
def compiled(x):
    y = x.sin()
    sys.stdout.flush()
    return y.cos()

compiled(torch.ones(3))
print(told())
_uncounted(torch, torch.compile(torch.sinh, backend="eager"))(torch.ones(3))
print(told())
"""


@pytest.mark.torch
@pytest.mark.slow
def test_what_the_program_compiled_is_counted_and_neither_an_optimizer_nor_a_probe_counts(run_after_torch: Run) -> None:
    done = run_after_torch(COMPILES)

    expected = "(None, None, 'nothing was compiled in this process') True\n(2, 1, None)\n(2, 1, None)\n"
    assert (expected, "") == (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("counted", "told"),
    [({}, None), ({"stats": Counter()}, None), ({"stats": Counter(unique_graphs=2)}, (2, 0)),
     ({"stats": Counter(unique_graphs=3), "graph_break": Counter(print=2, data=1)}, (3, 3))],
)  # fmt: skip
def test_graphs_are_counted_where_there_are_any(
    counted: dict[str, Counter[str]], told: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch._dynamo.utils", Namespace(counters=defaultdict(Counter, counted)))

    if told is None:
        for question in (graphs, graph_breaks):
            with pytest.raises(Absent, match="nothing was compiled"):
                question()
    else:
        assert told == (graphs(), graph_breaks())


@pytest.mark.parametrize("order", [[1, 2, 0, 3], [1, 2, 0, 3, 4], [3, 1, 2, 0, 4]])
def test_the_orders_that_torch_makes_by_itself_are_none_of_the_script_s(order: list[int]) -> None:
    with pytest.raises(Absent, match="torch's own order"):
        sdpa_priority(Namespace(_C=Namespace(_get_sdp_priority_order=lambda: order)))


@pytest.mark.torch
def test_the_order_of_attention_s_kernels_is_the_one_that_the_script_set(run_after_torch: Run) -> None:
    code = (
        "import torch, envprint\n"
        "print(torch._C._get_sdp_priority_order(), envprint.capture().precision.sdpa_priority)\n"
        "torch._C._set_sdp_priority_order([0, 1, 2, 3, 4])\n"
        "print(envprint.capture().precision.sdpa_priority, torch._C._get_sdp_priority_order())\n"
    )
    done = run_after_torch(code)
    if "has no attribute" in done.stderr:
        pytest.skip("this torch has no such order")

    expected = "[1, 2, 0, 3, 4] None\n('math', 'flash', 'mem_efficient', 'cudnn', 'overrideable') [0, 1, 2, 3, 4]\n"
    assert expected == done.stdout


@pytest.mark.parametrize(
    ("inner", "expected"),
    [({}, {"flash": True}), ({"_get_fa3_sdp_enabled": lambda: False}, {"flash": True, "flash3": False})],
)
def test_flash_attention_3_is_a_kernel_of_the_torch_that_knows_it(
    inner: dict[str, Callable[[], bool]], expected: dict[str, bool]
) -> None:
    backends = Namespace(cuda=Namespace(flash_sdp_enabled=lambda: True))

    assert expected == sdpa(Namespace(backends=backends, _C=Namespace(**inner)))


def test_the_orders_of_torch_name_each_kernel_once() -> None:
    assert [4, 4] == [len(set(order)) for order in SDPA_ORDERS]


def gpu_torch(*, initialised: bool, tuned: bool) -> Namespace:
    return Namespace(
        cuda=Namespace(is_initialized=lambda: initialised), _C=Namespace(_cuda_tunableop_is_enabled=lambda: tuned)
    )


def test_whether_products_are_tuned_is_asked_once_cuda_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTORCH_TUNABLEOP_ENABLED", raising=False)

    assert [True, False] == [tunableop(gpu_torch(initialised=True, tuned=tuned)) for tuned in (True, False)]
    with pytest.raises(Absent, match="not initialised"):
        tunableop(gpu_torch(initialised=False, tuned=True))


def test_before_that_the_variable_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTORCH_TUNABLEOP_ENABLED", "1")

    assert tunableop(gpu_torch(initialised=False, tuned=False))
