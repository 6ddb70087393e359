"""A PostgreSQL of a test's own: its cluster in a folder, on a socket there, without a network."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = "nobody"  # PostgreSQL refuses to run as root


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's own programs; Debian keeps them out of the path."""
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
    assert found is not None, f"{name} is not installed"
    return found


@contextmanager
def postgres() -> Iterator[str]:
    """Start a cluster that flushes what it commits, yield the address of its database, and stop it."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path is short: not below pytest's
    cluster = folder / "cluster"
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(NOBODY).pw_uid, -1)
    try:
        _run("initdb", "-D", str(cluster), "-U", "registry", "-A", "trust", "-E", "UTF8", "--no-sync", folder=folder)
        options = f"-k {folder} -c listen_addresses='' -c max_connections=100"
        _run("pg_ctl", "-D", str(cluster), "-w", "-l", str(folder / "log"), "-o", options, "start", folder=folder)
        try:
            yield f"postgresql+psycopg://registry@/postgres?host={folder}"
        finally:
            _run("pg_ctl", "-D", str(cluster), "-m", "immediate", "-w", "stop", folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(name: str, *arguments: str, folder: Path) -> None:
    subprocess.run(
        [program(name), *arguments], check=True, cwd=folder, timeout=120, stdout=subprocess.DEVNULL,
        user=NOBODY if os.geteuid() == 0 else None,
    )  # fmt: skip
