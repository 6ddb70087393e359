"""Capturing: the table of collectors, what it leaves untouched, and what never gets out."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from envprint.collectors import COLLECTORS, FRESH, capture
from envprint.manifest import SECTIONS, Manifest, Section, dump_manifest, parse_manifest
from envprint.manifest.gaps import Gaps
from envprint.manifest.numerics import Threads

Run = Callable[..., subprocess.CompletedProcess[str]]

# Everything that an observer could disturb, as one JSON text.
STATE = """
import json, os, random, sys
import numpy, numpy.random, torch

def state():
    return json.dumps([
        dict(os.environ), os.getcwd(), repr(random.getstate()), repr(numpy.random.get_state()),
        torch.get_rng_state().tolist(), torch.get_num_threads(), torch.get_num_interop_threads(),
        torch.get_float32_matmul_precision(), torch.are_deterministic_algorithms_enabled(),
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32,
        torch.backends.cuda.matmul.allow_tf32, str(torch.get_default_dtype()), torch.is_grad_enabled(),
        torch.is_autocast_enabled(), torch.cuda.is_initialized(), 5e-324 * float("1e300"),
        (torch.arange(70000, dtype=torch.float32) / 7).sum().item().hex(), os.sched_getaffinity(0) == {0},
        __import__("multiprocessing").get_start_method(allow_none=True), __import__("warnings").filters.__len__(),
        __import__("signal").getsignal(2).__repr__()[:20], __import__("locale").setlocale(__import__("locale").LC_ALL),
    ])
"""


@pytest.mark.parametrize("name", [*COLLECTORS, *FRESH])
def test_each_collector_returns_the_section_of_its_name(name: str) -> None:
    for table in (COLLECTORS, FRESH):
        returned = get_type_hints(table[name])["return"]

        assert Manifest.model_fields[name].annotation == returned | None


def test_every_section_has_a_collector() -> None:
    assert set(SECTIONS) == {*COLLECTORS, "effective", "probes", "model", "run"}


def test_a_collector_that_fails_leaves_a_gap_and_the_rest_whole() -> None:
    def collect_badly(_gaps: Gaps) -> Section:
        raise OSError("the disk is on fire")

    def collect_threads(gaps: Gaps) -> Threads:
        return Threads(torch_intraop=gaps.ask("torch_intraop", lambda: 1 // 0), openmp=4)

    manifest = capture(collectors={"cpu": collect_badly, "threads": collect_threads})

    assert manifest.cpu is None
    assert manifest.threads == Threads(torch_intraop=None, openmp=4)
    assert "OSError: the disk is on fire" == manifest.gaps["cpu"].reason
    assert "failed" == manifest.gaps["threads.torch_intraop"].kind


def test_a_live_capture_has_no_fields_that_the_models_lack() -> None:
    def extras(section: Section) -> list[str]:
        children = [getattr(section, name) for name in type(section).model_fields]
        nested = [child for child in children if isinstance(child, Section)]
        return [*(section.model_extra or {}), *(extra for child in nested for extra in extras(child))]

    assert [] == extras(capture())


def test_a_process_without_torch_is_captured_without_importing_it(run_python: Run) -> None:
    code = "import envprint, sys; m = envprint.capture(); print(m.gaps['torch'].reason, 'torch' in sys.modules)"

    assert "torch is not imported in this process False" == run_python(code).stdout.strip()


def test_nothing_fails_to_be_read_on_an_ordinary_machine() -> None:
    failed = {path: gap.reason for path, gap in capture().gaps.items() if gap.kind == "failed"}
    # what MKL will choose on another maker's CPU is known only when it has
    assert {} == {path: said for path, said in failed.items() if "what it chooses on this CPU" not in said}


@pytest.mark.torch
def test_capturing_changes_no_generator_flag_thread_count_or_variable(run_after_torch: Run) -> None:
    code = (
        f"{STATE}\nbefore = state()\nimport envprint\nenvprint.capture()\nenvprint.capture()\nassert before == state()"
    )

    done = run_after_torch(code)

    assert (0, "") == (done.returncode, done.stderr)


def test_reading_the_thread_pools_sets_no_variable_and_leaves_threadpoolctl_to_others(run_python: Run) -> None:
    """The import of threadpoolctl sets KMP_DUPLICATE_LIB_OK."""
    code = (
        "import os, sys, envprint\n"
        "before = dict(os.environ)\n"
        "pools = envprint.capture().threads.pools\n"
        "assert before == dict(os.environ), set(os.environ) - set(before)\n"
        "print(pools, 'threadpoolctl' in sys.modules)\n"
        "import threadpoolctl\n"
        "print(os.environ['KMP_DUPLICATE_LIB_OK'])"
    )

    assert "{} False\nTrue\n" == run_python(code).stdout


@pytest.mark.torch
def test_no_mode_of_the_user_s_sees_a_capture_and_none_keeps_it_from_reading(run_after_torch: Run) -> None:
    code = (
        "import torch, envprint\n"
        "from torch.overrides import TorchFunctionMode\n"
        "from torch.utils._python_dispatch import TorchDispatchMode\n"
        "from torch._subclasses.fake_tensor import FakeTensorMode\n"
        "seen = []\n"
        "class Functions(TorchFunctionMode):\n"
        "    def __torch_function__(self, function, types, args=(), kwargs=None):\n"
        "        seen.append(function)\n"
        "        return function(*args, **(kwargs or {}))\n"
        "class Operations(TorchDispatchMode):\n"
        "    def __torch_dispatch__(self, function, types, args=(), kwargs=None):\n"
        "        seen.append(function)\n"
        "        return function(*args, **(kwargs or {}))\n"
        "state = envprint.capture().rng.torch.state\n"
        "for mode in (Functions(), Operations(), FakeTensorMode(), torch.device('meta'), torch.inference_mode()):\n"
        "    with mode:\n"
        "        m = envprint.capture()\n"
        "    assert state == m.rng.torch.state, (mode, m.gaps)\n"
        "print(seen)"
    )

    assert "[]\n" == run_after_torch(code).stdout


@pytest.mark.torch
def test_capturing_under_flags_that_raise_leaves_them_and_reads_the_rest(run_after_torch: Run) -> None:
    """torch 2.9 and later raise from the older getters once the newer interface was used."""
    import torch

    if not hasattr(torch.backends, "fp32_precision"):
        pytest.skip(f"torch {torch.__version__} has no newer interface")
    code = (
        "import torch, envprint\n"
        "torch.backends.fp32_precision = 'tf32'\n"
        "m = envprint.capture()\n"
        "assert m.precision.fp32['cuda.matmul'] == 'tf32', m.precision\n"
        "assert m.precision.denormal_inputs_flushed is False\n"
        "assert torch.backends.fp32_precision == 'tf32'\n"
        "print(m.effective.tf32_matmul)"
    )

    done = run_after_torch(code)

    assert ("False\n", "") == (done.stdout, done.stderr)


@pytest.mark.torch
def test_denormals_are_captured_as_they_behave(run_after_torch: Run) -> None:
    code = (
        "import torch, envprint\n"
        "torch.set_flush_denormal(True)\n"
        "m = envprint.capture()\n"
        "print(m.precision.denormal_inputs_flushed, m.precision.denormal_results_flushed, m.effective.denormals_kept)"
    )

    assert "True True False\n" == run_after_torch(code).stdout


@pytest.mark.torch
def test_a_seed_that_was_set_is_told_from_one_that_was_drawn(run_after_torch: Run) -> None:
    code = (
        "import numpy.random, torch, envprint\n"
        "before = envprint.capture().rng\n"
        "torch.manual_seed(7); numpy.random.seed(7)\n"
        "after = envprint.capture().rng\n"
        "print(before.torch.seeded, before.numpy.seeded, after.torch.seeded, after.torch.seed, after.numpy.seeded)\n"
        "torch.rand(1)\n"
        "assert envprint.capture().rng.torch.state != after.torch.state"
    )

    done = run_after_torch(code)

    assert ("False False True 7 True\n", "") == (done.stdout, done.stderr)


def test_a_variable_set_too_late_differs_from_the_one_at_exec(run_python: Run) -> None:
    code = (
        "import os, envprint\n"
        "os.environ['MKL_CBWR'] = 'COMPATIBLE'; os.environ['OMP_NUM_THREADS'] = '1'\n"
        "found = envprint.capture().variables.environment\n"
        "print(found['MKL_CBWR'], found['OMP_NUM_THREADS'])"
    )

    assert "at_exec=None now='COMPATIBLE' at_exec='3' now='1'\n" == run_python(code, OMP_NUM_THREADS="3").stdout


def test_text_that_is_no_unicode_does_not_stop_a_capture(run_python: Run, tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    code = "import envprint, sys; sys.stdout.write(envprint.capture().variables.environment['OMP_PLACES'].now)"

    assert "\\udcff" == run_python(code, folder=folder, OMP_PLACES="\udcff").stdout


@pytest.mark.parametrize("name", ["LOGNAME", "CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG", "OMP_\udcff"])
def test_a_byte_that_is_no_text_stops_no_capture_wherever_it_stands(run_python: Run, name: str) -> None:
    code = (
        "import envprint; m = envprint.capture(); print(m.id[:7], [g for g in m.gaps.values() if g.kind == 'failed'])"
    )

    assert "sha256: []\n" == run_python(code, **{name: "\udcff"}).stdout


def test_a_number_that_json_has_no_place_for_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "9" * 30)
    monkeypatch.setenv("WORLD_SIZE", "2")

    manifest = capture(collectors={"distributed": COLLECTORS["distributed"], "threads": COLLECTORS["threads"]})

    assert (None, True) == (manifest.distributed, manifest.threads is not None)
    assert "failed" == manifest.gaps["distributed"].kind


@pytest.mark.parametrize("anonymous", [False, True])
def test_a_user_without_name_and_home_is_captured(monkeypatch: pytest.MonkeyPatch, *, anonymous: bool) -> None:
    """A container may be run under any number: `docker run --user 54321`."""
    pwd = pytest.importorskip("pwd")

    def refuse(_uid: int) -> None:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr(pwd, "getpwuid", refuse)
    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)

    assert capture(anonymous=anonymous).taken is not None


BROKEN = {
    "nothing": "",
    "ImportError": "raise ImportError('libcudart.so.12 is missing')",
    "SystemExit": "raise SystemExit(3)",
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_torch_leaves_gaps(envprint: Run, tmp_path: Path, reason: str) -> None:
    (tmp_path / "torch.py").write_text(BROKEN[reason])
    done = envprint(
        "capture", "--no-probe", PYTHONPATH=os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "failed" == json.loads(done.stdout)["gaps"]["rng.torch"]["kind"]


def test_a_folder_that_was_deleted_leaves_gaps(run_python: Run, tmp_path: Path) -> None:
    """MKL ends a process in such a folder as soon as torch is imported."""
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        "import os, envprint; envprint.capture(); os.rmdir(os.getcwd())\n"
        "print(envprint.capture().taken.process, envprint.capture_fresh().gaps['torch'].kind)"
    )

    assert "live failed\n" == run_python(code, folder=gone).stdout


def test_what_was_captured_reads_back_as_it_was_written() -> None:
    manifest = capture()

    assert manifest == parse_manifest(dump_manifest(manifest))


def test_two_captures_of_one_process_have_one_id() -> None:
    assert capture().id == capture().id


def test_an_anonymous_manifest_names_neither_host_nor_user_nor_home(monkeypatch: pytest.MonkeyPatch) -> None:
    import getpass
    import socket

    monkeypatch.setattr(socket, "gethostname", lambda: "gpu-node-17")
    monkeypatch.setattr(getpass, "getuser", lambda: "ada.lovelace")
    monkeypatch.setenv("HOME", "/home/ada.lovelace")
    monkeypatch.setattr("sys.argv", ["train.py", "ada.lovelace=1", "--data", "/home/ada.lovelace/data"])
    monkeypatch.setenv("LD_LIBRARY_PATH", "/home/ada.lovelace/lib:/scratch/ada.lovelace/lib:/net/gpu-node-17/lib")

    text = dump_manifest(capture(anonymous=True)).decode()

    assert "~/lib:/scratch/***/lib:/net/***/lib" in text
    assert "ada.lovelace" not in text
    assert "gpu-node-17" not in text


SECRETS = {
    "OMP_TOKEN_HINT": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "MKL_LICENSE": "hf_abcdefghijklmnopqrstuvwxyzABCDEF",
    "NCCL_EXTRA": "https://ada:correct-horse@example.org/nccl",
    "TORCH_HUB_SECRET": "hunter2hunter2",
    "WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "TRITON_OPAQUE": "dGhpcyBJcyBhIFNlY3JldCBvZiAzMiBieXRlcw9",
    "CUDA_AUTH": "password=letmein12345",
    "TORCH_PASSWD": "openbarley",
    "NVTE_ACCESS_TOKENS": "openwheat",
    "MKL_LICENSE_KEY_ID": "openrye1",
}


@pytest.mark.git
def test_no_planted_secret_gets_into_a_manifest(run_python: Run, tmp_path: Path) -> None:
    package = tmp_path / "site" / "spy-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Name: spy\nVersion: 1.0\n")
    url = "https://ada:sesame-open-wide@example.org/spy.git"
    origin = {"url": url, "vcs_info": {"vcs": "git", "commit_id": "0" * 40}}
    (package / "direct_url.json").write_text(json.dumps(origin))
    for words in (
        ["init", "-q"],
        ["remote", "add", "origin", "https://ada:abracadabra99@example.org/r.git?token=xyzzy12345"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    script = tmp_path / "train.py"
    script.write_text(
        "import sys; sys.path.insert(0, 'site')\n"
        "import envprint, pathlib\n"
        "from envprint.manifest import dump_manifest\n"
        "sys.stdout.buffer.write(dump_manifest(envprint.capture()))\n"
    )
    arguments = ["--api-key", "swordfish-77", "--hf_token=shibboleth88", "--lr", "0.1", "sk-proj-abcdefghijklmnop1234"]
    arguments += ["db.password=opensesame77", "--sk-proj-qrstuvwxyzabcdef12"]
    code = (
        f"import runpy, sys; sys.argv = ['train.py', *{arguments!r}]; runpy.run_path('train.py', run_name='__main__')"
    )

    done = run_python(code, folder=tmp_path, **SECRETS)

    assert "" == done.stderr
    words = [*SECRETS.values(), "correct-horse", "sesame-open-wide", "abracadabra99", "xyzzy12345", "letmein12345"]
    words += [arguments[1], "shibboleth88", arguments[5], "opensesame77", arguments[7].removeprefix("--")]
    assert [] == [word for word in words if word in done.stdout]
    found = json.loads(done.stdout)
    assert "https://example.org/r.git" == found["code"]["git_remote"]
    assert "https://example.org/spy.git" == found["packages"]["origins"]["spy"]["url"]
    assert ["--lr", "0.1"] == found["code"]["arguments"][3:5]
    options = {"api_key": "***", "hf_token": "***", "lr": "0.1", "db.password": "***"}
    assert options.items() <= found["code"]["options"].items()
    assert "WANDB_API_KEY" not in found["variables"]["environment"]


@pytest.mark.slow
@pytest.mark.torch
def test_a_fresh_capture_is_the_same_twice(envprint: Run, tmp_path: Path) -> None:
    ids = []
    for name in ("a.json", "b.json"):
        done = envprint("capture", "--no-probe", "-o", name)
        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
        ids.append(json.loads((tmp_path / name).read_text())["id"])

    assert ids[0] == ids[1]


def imports(code: str, run_python: Run) -> set[str]:
    """Return the modules that a piece of code leaves imported."""
    done = run_python(f"import sys\n{code}\nprint(' '.join(sys.modules))")
    return set(done.stdout.split())


def test_importing_envprint_loads_nothing_heavy(run_python: Run) -> None:
    heavy = {"torch", "numpy", "pydantic", "click", "rich", "orjson", "psutil"}

    assert set() == heavy & imports("import envprint", run_python)


def test_the_public_names_are_there_and_sorted() -> None:
    import envprint as package

    names: list[Any] = [getattr(package, name) for name in package.__all__]
    assert None not in names
    assert sorted(package.__all__) == package.__all__
    assert set(package.__all__) <= set(dir(package))


def test_an_unknown_name_is_an_attribute_error() -> None:
    import envprint as package

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        package.nonsense  # noqa: B018 - the access is the test
