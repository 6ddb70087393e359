"""The main job in one go: one training script, two settings, two manifests, and why the losses differ."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).with_name("train.py")
TROUBLE = 2


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        losses = [train(Path(folder, f"threads-{number}"), str(number)) for number in (1, 2)]
        if losses[0] == losses[1]:
            print("Same code, same seed, and here the losses agree to the last bit. What could part them:\n")
        else:
            print("Same code, same seed, other losses. Why:\n")
        print("$ envprint diff threads-1/run.json threads-2/run.json", flush=True)
        command = [sys.executable, "-m", "envprint", "diff", "threads-1/run.json", "threads-2/run.json"]
        status = subprocess.run(command, check=False, cwd=folder).returncode
    print(f"\nexit status {status}: 0 nothing that matters differs, 1 it does or nobody can tell, 2 trouble")
    sys.exit(1 if status == TROUBLE else 0)


def train(folder: Path, threads: str) -> str:
    folder.mkdir()
    print(f"$ OMP_NUM_THREADS={threads} python samples/train.py run.json", flush=True)
    command = [sys.executable, str(SCRIPT), "run.json"]
    environment = {**os.environ, "OMP_NUM_THREADS": threads}
    done = subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    return done.stdout


if __name__ == "__main__":
    main()
