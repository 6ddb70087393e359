"""The main job in one go: one training script, two settings, two manifests, and why the losses differ."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).with_name("train.py")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for threads in ("1", "2"):
            command = [sys.executable, str(SCRIPT), "run.json"]
            work = Path(folder, f"threads-{threads}")
            work.mkdir()
            print(f"$ OMP_NUM_THREADS={threads} python samples/train.py run.json", flush=True)
            subprocess.run(command, check=True, cwd=work, env={**os.environ, "OMP_NUM_THREADS": threads})
            print()
        print("$ envprint diff threads-1/run.json threads-2/run.json", flush=True)
        command = [sys.executable, "-m", "envprint", "diff", "threads-1/run.json", "threads-2/run.json"]
        status = subprocess.run(command, check=False, cwd=folder).returncode
    print(f"\nexit status {status}: 0 nothing that matters differs, 1 it does, 2 trouble")
    sys.exit(0 if status == 1 else 1)


if __name__ == "__main__":
    main()
