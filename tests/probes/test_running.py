"""Running probes leaves a process as it was, and a probe that fails is a gap."""

from types import SimpleNamespace
from typing import Any

import pytest

from envprint.manifest.gaps import Absent, Gaps
from envprint.probes.bench import Bench, import_library
from envprint.probes.inputs import Inputs
from envprint.probes.probe import Probe, Run
from envprint.probes.running import accelerators, imported_library, run_probes

pytestmark = pytest.mark.torch

# What a program may have set, each told by a line that reads it. It is set in the thread that calls the probes.
DISTURBED = """
import ctypes, hashlib, json, os, random, sys
import numpy, torch
from envprint.collectors import capture
from envprint.manifest.gaps import Gaps
from envprint.probes.running import run_probes

def states():
    library = ctypes.CDLL(os.path.join(os.path.dirname(torch.__file__), "lib", "libtorch_cpu.so"))
    return {
        "python": hash(random.getstate()),
        "numpy": hashlib.sha256(numpy.random.get_state()[1].tobytes()).hexdigest() + str(numpy.random.get_state()[2:]),
        "torch": torch.get_rng_state().sum().item(),
        "threads": torch.get_num_threads(),
        "interop": torch.get_num_interop_threads(),
        "mkl": getattr(library, "mkl_serv_get_dynamic", int)(),
        "dtype": str(torch.get_default_dtype()),
        "device": str(torch.empty(0).device),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "flash": torch.backends.cuda.flash_sdp_enabled(),
        "math": torch.backends.cuda.math_sdp_enabled(),
        "benchmark": torch.backends.cudnn.benchmark,
        "cudnn deterministic": torch.backends.cudnn.deterministic,
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "cudnn tf32": torch.backends.cudnn.allow_tf32,
        "bf16": torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        "precision": torch.get_float32_matmul_precision(),
        "environment": dict(os.environ),
        "anomaly": torch.is_anomaly_enabled(),
    }

def digests(devices=()):
    probes, _ = run_probes("default", Gaps("probes"), live=True, devices=devices)
    return {name: each.digest for name, each in probes.kernels["cpu"].items()}
"""


@pytest.mark.slow
def test_everything_that_a_program_set_is_as_before_and_the_bits_are_those_of_a_plain_process(
    run_after_torch: Any,
) -> None:
    code = (
        DISTURBED
        + """
plain = digests()
random.seed(1), numpy.random.seed(2), torch.manual_seed(3)
torch.set_default_dtype(torch.float64), torch.set_default_device("meta")
torch.use_deterministic_algorithms(True, warn_only=True)
torch.backends.cudnn.benchmark = True
torch.backends.cuda.enable_math_sdp(False)
with torch.autocast("cpu"), torch.no_grad():
    before = states()
    disturbed = digests(devices=("cpu:0",))
    after = states()
print(json.dumps([[name for name in before if before[name] != after[name]],
                  [name for name in plain if plain[name] != disturbed.get(name)]]))
"""
    )
    done = run_after_torch(code)

    assert "" == done.stderr
    assert "[[], []]\n" == done.stdout


@pytest.mark.slow
def test_two_threads_that_capture_at_once_leave_everything_as_before_too(run_after_torch: Any) -> None:
    code = (
        DISTURBED
        + """
import threading, warnings
from envprint.probes.threads import _openblas

def everything():
    return {**states(), "filters": list(warnings.filters), "openblas": _openblas(numpy)[0]()}

digests()
before, found = everything(), []
threads = [threading.Thread(target=lambda: found.append(digests())) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
after = everything()
print([name for name in before if before[name] != after[name]], found[0] == found[1] == found[2])
"""
    )
    done = run_after_torch(code)

    assert "" == done.stderr
    assert "[] True\n" == done.stdout


def test_a_child_forked_while_probes_run_runs_its_own(run_python: Any) -> None:
    done = run_python(
        "import os, threading, time\n"
        "from envprint.manifest.gaps import Gaps\n"
        "from envprint.probes.running import run_probes\n"
        "begun, go = threading.Event(), threading.Event()\n"
        "def tick(name): begun.set(); go.wait()\n"
        "thread = threading.Thread(target=run_probes, args=('default', Gaps('probes')), kwargs={'tick': tick})\n"
        "thread.start(); begun.wait()\n"
        "child = os.fork()\n"
        "if not child: os._exit(0 if run_probes('default', Gaps('probes'))[0].kernels else 1)\n"
        "print(os.waitpid(child, 0)[1]); go.set(); thread.join()"
    )

    assert "0\n" == done.stdout


def test_a_probe_that_fails_is_a_gap_and_the_others_run() -> None:
    gaps = Gaps("probes.kernels.cpu")
    bench = Bench("cpu", "cpu", import_library, gaps)
    bench.measure_all(
        [Probe("broken", _breaking), Probe("not here", _lacking), Probe("works", _adding)], lambda _: None
    )

    assert ["works"] == list(bench.results)
    assert {"probes.kernels.cpu.broken": ("failed", "ArithmeticError: out of ideas")} == {
        path: (gap.kind, gap.reason) for path, gap in gaps.found.items() if path.endswith("broken")
    }
    assert ("absent", "there is none here") == tuple(gaps.found["probes.kernels.cpu.not here"].model_dump().values())


def test_flags_are_put_back_when_a_probe_throws_in_the_middle_of_them() -> None:
    import torch

    from envprint.probes.kernels.network import only

    before = torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.math_sdp_enabled()
    with pytest.raises(ArithmeticError), only(torch, "math"):
        raise ArithmeticError

    assert before == (torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.math_sdp_enabled())


def test_outputs_that_differ_from_run_to_run_are_counted() -> None:
    bench = Bench("cpu", "cpu", import_library, Gaps("probes.kernels.cpu"))
    bench.measure_all([Probe("restless", _restless), Probe("works", _adding)], lambda _: None)

    assert (3, 1) == (bench.results["restless"].outputs, bench.results["works"].outputs)


@pytest.mark.slow
def test_an_accelerator_runs_each_probe_ten_times_with_its_own_flags_and_with_the_reference_flags() -> None:
    import_library("torch")
    found, _ = run_probes("default", Gaps("probes"), devices=("cpu:0",))

    assert {"cpu": 3, "cpu:0": 10, "cpu:0/reference": 10} == found.repeats
    assert found.kernels["cpu:0"]["matmul-square-f32"] == found.kernels["cpu:0/reference"]["matmul-square-f32"]
    assert "numpy-dot-f32" not in found.kernels["cpu:0"]


@pytest.mark.slow
def test_a_device_whose_flags_cannot_be_set_is_a_gap_and_the_others_keep_what_they_gave(run_after_torch: Any) -> None:
    done = run_after_torch(
        "import torch\n"
        "from envprint.manifest.gaps import Gaps\n"
        "from envprint.probes.running import run_probes\n"
        "torch.backends.disable_global_flags()\n"  # now cuDNN's flags refuse to be set
        "gaps = Gaps('probes')\n"
        "found, _ = run_probes('default', gaps, devices=('cpu:0',))\n"
        "print([name for name, kernels in found.kernels.items() if 'exp-f32' in kernels])\n"
        "print([path for path, gap in gaps.found.items() if gap.kind == 'failed'])"
    )

    assert "" == done.stderr
    assert "['cpu', 'cpu:0']\n['probes.kernels.cpu:0/reference']\n" == done.stdout


def test_a_live_process_runs_probes_on_no_gpu_that_it_does_not_use() -> None:
    cuda = SimpleNamespace(is_available=lambda: True, is_initialized=lambda: True, device_count=lambda: 8)
    torch = SimpleNamespace(
        cuda=cuda, backends=SimpleNamespace(), _C=SimpleNamespace(_cuda_hasPrimaryContext=lambda index: index == 3)
    )

    assert ["cuda:3"] == accelerators(torch, live=True)
    assert 8 == len(accelerators(torch))


def test_what_is_not_imported_in_a_live_process_stays_so(run_python: Any) -> None:
    done = run_python(
        "import sys\n"
        "from envprint.collectors import capture\n"
        "manifest = capture(probe='default')\n"
        "print('torch' in sys.modules, 'numpy' in sys.modules, sorted(manifest.probes.kernels['cpu']))\n"
        "print(manifest.gaps['probes.libraries.torch'].reason)"
    )

    assert "" == done.stderr
    assert "False False ['stream-python']" == done.stdout.splitlines()[0]
    assert "torch is not imported in this process" == done.stdout.splitlines()[1]


def test_ctrl_c_ends_the_probes_at_the_next_one(run_after_torch: Any) -> None:
    done = run_after_torch(
        "import os, signal, torch\n"
        "from envprint.manifest.gaps import Gaps\n"
        "from envprint.probes.running import run_probes\n"
        "heard = []\n"
        "def tick(name):\n"
        "    heard.append(name)\n"
        "    if len(heard) == 3: os.kill(os.getpid(), signal.SIGINT)\n"
        "try: run_probes('default', Gaps('probes'), tick=tick)\n"
        "except KeyboardInterrupt: print('interrupted', len(heard) < 50)"
    )

    assert ("interrupted True\n", "") == (done.stdout, done.stderr)


def test_a_library_that_is_not_installed_is_one_gap() -> None:
    def library(name: str) -> Any:
        if name == "torch":
            raise Absent("torch is not installed")
        return import_library(name)

    gaps = Gaps("probes.kernels.cpu")
    bench = Bench("cpu", "cpu", library, gaps)
    bench.measure_all([Probe("one", _adding), Probe("two", _adding)], lambda _: None)

    assert {} == bench.results
    assert ["probes.libraries.torch"] == list(gaps.found)


def test_a_live_process_is_asked_only_for_what_it_has_imported() -> None:
    with pytest.raises(Absent, match=r"^nowhere is not imported in this process$"):
        imported_library("nowhere.at.all")


def _adding(torch: Any, x: Inputs) -> Run:
    values = x.uniform("values", 8)
    return lambda: values + values


def _breaking(torch: Any, x: Inputs) -> Run:
    def run() -> None:
        raise ArithmeticError("out of ideas")

    return run


def _lacking(torch: Any, x: Inputs) -> Run:
    raise Absent("there is none here")


def _restless(torch: Any, x: Inputs) -> Run:
    drawn = iter(range(100))
    return lambda: torch.tensor([float(next(drawn))])


@pytest.mark.slow
def test_where_openmp_gives_fewer_threads_no_probe_waits_for_them_for_ever(run_python: Any) -> None:
    done = run_python(
        "import torch\n"
        "from envprint.manifest.gaps import Gaps\n"
        "from envprint.probes.running import run_probes\n"
        "gaps = Gaps('probes')\n"
        "probes, _ = run_probes('default', gaps, live=True)\n"
        "print('matvec-f32' in probes.kernels['cpu'], gaps.found['probes.kernels.cpu.conv3d-backward-f32'].kind)",
        OMP_NUM_THREADS="2",
        OMP_THREAD_LIMIT="1",
    )

    assert "" == done.stderr
    assert "True absent\n" == done.stdout
