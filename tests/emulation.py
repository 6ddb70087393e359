"""Run Python on another CPU, emulated by qemu: the same code, other instructions, so really other kernels and bits."""

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
CPUINFO = ROOT / "samples" / "raw" / "cpuinfo"
MODELS = {"haswell": "Haswell", "nehalem": "Nehalem", "westmere": "Westmere"}


def run_on(machine: str, *words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python WORDS` on one of MODELS with this interpreter's packages, and return what became of it.

    ATen, MKL and oneDNN ask the CPU itself; what reads /proc/cpuinfo sees that CPU's too, in a mount namespace that
    ends with the command. Needs root and Debian's qemu-user-static.
    """
    interpreter = str(Path(sys.executable).resolve())
    python = shlex.join(["qemu-x86_64-static", "-cpu", MODELS[machine], interpreter, *words])
    bind = shlex.join(["mount", "--bind", str(CPUINFO / f"{machine}.txt"), "/proc/cpuinfo"])
    paths = os.pathsep.join([sysconfig.get_path("purelib"), str(ROOT)])
    return subprocess.run(
        ["unshare", "--mount", "--", "sh", "-c", f"{bind} && exec {python}"],
        check=False, capture_output=True, text=True, timeout=900, cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, **variables},
    )  # fmt: skip
