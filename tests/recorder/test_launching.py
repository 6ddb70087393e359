"""A command that is recorded runs as it does without: same output, same status, and the manifest is there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from _recorded_commands import ENVPRINT, LOOP, both, recorded, run, said

pytestmark = [pytest.mark.torch, pytest.mark.slow]
PYTHON = sys.executable
RAISES = f"{LOOP}\nimport warnings\nwarnings.warn('one')\nmodel(torch.zeros(3, 5))"
STARTS_OTHERS = f"""{LOOP}
import subprocess, sys
subprocess.run([sys.executable, "train.py"], check=True)
"""
WORKERS = """
import sys, torch
from torch.utils.data import DataLoader
from train import step
class Data(torch.utils.data.Dataset):
    def __len__(self): return 8
    def __getitem__(self, place): return torch.tensor([place, torch.utils.data.get_worker_info().seed % 7])
if __name__ == "__main__":
    for batch in DataLoader(Data(), batch_size=2, num_workers=2, shuffle=True, multiprocessing_context=sys.argv[1]):
        print(batch.tolist()); step()
"""


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(LOOP, encoding="utf-8")
    return tmp_path


def test_a_script_with_arguments_has_the_same_output(folder: Path) -> None:
    (folder / "args.py").write_text(f"{LOOP}\nprint(sys.argv, sys.path[1:])\nprint('x', file=sys.stderr)", "utf-8")

    plain, done = both((PYTHON, "args.py", "--lr", "1"), folder)

    assert plain.stdout == done.stdout
    assert (plain.stderr, "envprint: recorded to run.json\n") == said(done)
    assert (0, 4) == (done.returncode, recorded(folder)["steps"])
    assert "ended" == recorded(folder)["status"]


def test_a_module_is_recorded(folder: Path) -> None:
    done = run((*ENVPRINT, "run.json", "--", PYTHON, "-m", "train"), folder)

    assert (0, 4) == (done.returncode, recorded(folder)["steps"])
    assert ["-m", "train"] == recorded(folder)["command"][1:]


def test_what_a_script_dies_of_is_shown_as_without(folder: Path) -> None:
    (folder / "raises.py").write_text(RAISES, encoding="utf-8")

    plain, done = both((PYTHON, "raises.py"), folder)

    assert plain.stderr.decode() == said(done)[0].decode()
    assert (1, 1) == (plain.returncode, done.returncode)
    assert "raised RuntimeError" == recorded(folder)["status"]


@pytest.mark.parametrize(
    ("end", "status"), [("sys.exit(3)", 3), ("sys.exit('no')", 1), ("__import__('os')._exit(5)", 5)]
)
def test_the_status_is_the_commands_own(folder: Path, end: str, status: int) -> None:
    (folder / "ends.py").write_text(f"{LOOP}\n{end}", encoding="utf-8")

    done = run((*ENVPRINT, "run.json", "--", PYTHON, "ends.py"), folder)

    assert (status, 4) == (done.returncode, recorded(folder)["steps"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_and_leaves_the_manifest(folder: Path, number: int) -> None:
    (folder / "waits.py").write_text(f"{LOOP}\nprint('ready', flush=True)\nimport time\ntime.sleep(100)", "utf-8")
    words = (*ENVPRINT, "run.json", "--", PYTHON, "waits.py")

    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, start_new_session=True) as child:
        assert child.stdout
        child.stdout.readline()
        time.sleep(0.2)
        if number == signal.SIGINT:
            os.killpg(child.pid, number)  # as a terminal does
        else:
            child.send_signal(number)
        status = child.wait(timeout=30)

    assert (128 + number, 4) == (status, recorded(folder)["steps"])


def test_a_command_that_is_not_there_has_the_status_of_a_shell(folder: Path) -> None:
    done = run((*ENVPRINT, "run.json", "--", "no-such-command"), folder)

    assert 127 == done.returncode
    assert b"envprint: nothing was recorded: no-such-command cannot be run: No such file or directory\n" == done.stderr


def test_a_command_without_python_keeps_its_status_and_nothing_is_recorded(folder: Path) -> None:
    done = run((*ENVPRINT, "run.json", "--", "sh", "-c", "echo out; exit 7"), folder)

    assert (7, b"out\n") == (done.returncode, done.stdout)
    assert b"nothing was recorded: the command ran no Python" in done.stderr
    assert not (folder / "run.json").exists()


def test_a_shell_between_is_no_obstacle(folder: Path) -> None:
    done = run((*ENVPRINT, "run.json", "--", "sh", "-c", f"{PYTHON} train.py; exit 4"), folder)

    assert (4, 4) == (done.returncode, recorded(folder)["steps"])


def test_what_the_user_put_into_the_start_of_python_still_runs(folder: Path) -> None:
    own = folder / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text(
        "import sys\nif 'envprint' not in sys.orig_argv: print('mine')", encoding="utf-8"
    )
    words = (PYTHON, "-c", "import sys; print(sys.path[1:], sys.modules['sitecustomize'].__file__)")

    plain, done = both(words, folder, PYTHONPATH=str(own))

    assert plain.stdout == done.stdout
    assert done.stdout.startswith(b"mine")


def test_of_a_script_that_starts_others_only_itself_is_recorded(folder: Path) -> None:
    (folder / "starts.py").write_text(STARTS_OTHERS, encoding="utf-8")

    done = run((*ENVPRINT, "run.json", "--", PYTHON, "starts.py"), folder)

    assert (0, 4) == (done.returncode, recorded(folder)["steps"])
    assert [folder / "run.json"] == list(folder.glob("*.json"))


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_of_a_loader_write_nothing_and_draw_the_same(folder: Path, context: str) -> None:
    (folder / "workers.py").write_text(WORKERS, encoding="utf-8")

    plain, done = both((PYTHON, "workers.py", context), folder)

    assert plain.stdout == done.stdout
    assert plain.stderr == said(done)[0]
    assert 8 == recorded(folder)["steps"]
    assert [folder / "run.json"] == list(folder.glob("*.json"))


def test_torchrun_has_a_manifest_for_each_rank(folder: Path) -> None:
    words = (PYTHON, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "train.py")

    done = run((*ENVPRINT, "run.json", "--", *words), folder)

    assert 0 == done.returncode
    assert "envprint: recorded to run.rank0.json, run.rank1.json\n" == said(done)[1]
    assert [4, 4] == [recorded(folder, f"run.rank{rank}.json")["steps"] for rank in (0, 1)]
    assert not (folder / "run.json").exists()


def test_what_accelerate_launches_is_recorded_and_its_launcher_is_not(folder: Path) -> None:
    words = (PYTHON, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "1", "train.py")

    done = run((*ENVPRINT, "run.json", "--", *words), folder)

    assert (0, [folder / "run.json"]) == (done.returncode, list(folder.glob("*.json")))
    assert 4 == recorded(folder)["steps"]


def test_a_file_that_is_there_is_left_alone(folder: Path) -> None:
    (folder / "run.rank0.json").write_text("{}", encoding="utf-8")

    done = run((*ENVPRINT, "run.json", "--", PYTHON, "-c", "print('ran')"), folder)

    assert (2, b"") == (done.returncode, done.stdout)
    assert b"run.rank0.json exists already" in done.stderr


def test_a_window_is_recorded_and_the_first_module_that_parts_is_named(folder: Path) -> None:
    (folder / "other.py").write_text(LOOP.replace("range(4):", "range(4):\n    model.bias.data += _ // 3"), "utf-8")
    for name in ("train", "other"):
        words = (*ENVPRINT, f"{name}.json", "--steps", "2:4", "--modules", "--", PYTHON, f"{name}.py")
        done = run(words, folder)
        assert (0, b"") == (done.returncode, done.stdout)
    found = recorded(folder, "train.json")

    done = run((PYTHON, "-m", "envprint", "diff", "train.json", "other.json"), folder)

    assert ([2, 4], {}) == (found["window"], found["unread"])
    assert ["modules" in each for each in found["ledger"]] == [False, True, True, True]
    assert 1 == done.returncode
    assert "in the model as a whole, forward: its inputs agree, what it returns is" in " ".join(
        done.stdout.decode().split()
    )
