"""Registries in processes of their own, and clients that ask them."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

JSON = {"Content-Type": "application/json"}


@dataclass
class Server:
    """A running `envprint serve`: where it is, its process, and what it has written to its log."""

    url: str
    process: "subprocess.Popen[str]"
    log: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def push(self, content: bytes, label: str | None = None, token: str | None = None) -> httpx.Response:
        """Push a manifest."""
        headers = JSON | ({"Authorization": f"Bearer {token}"} if token else {})
        return self.client.post(
            "/manifests", params={"label": label} if label else {}, content=content, headers=headers
        )

    def get(self, path: str, accept: str = "*/*", **parameters: Any) -> httpx.Response:
        """Ask for a path."""
        return self.client.get(path, params=parameters or None, headers={"Accept": accept})

    def ids(self, **parameters: Any) -> list[str]:
        """Return the ids of a list, over all its pages."""
        found: list[str] = []
        page: dict[str, Any] = {"next": None}
        while not found or page["next"]:
            more = {"after": page["next"]} if page["next"] else {}
            page = self.get("/manifests", **parameters, **more).json()
            found += [each["id"] for each in page["manifests"]]
            if not found:
                break
        return found

    def kill(self) -> None:
        """Kill it as the kernel does where memory ends."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def serving(database: str, *options: str, folder: Path) -> Iterator[Server]:
    """Serve a database on a free port, with warnings as errors; end the server at the end."""
    log = folder / f"server-{time.monotonic_ns()}.log"
    words = [sys.executable, "-W", "error", "-m", "envprint", "serve", "--port", "0", "--database", database, *options]
    with log.open("w") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file, text=True)
    server = None
    try:
        server = Server(_address(process, log), process, log)
        yield server
    finally:
        if server is not None:
            server.client.close()
        process.terminate()
        process.wait(20)


def on_sqlite(folder: Path) -> str:
    """Return the address of a database of a test's own."""
    return f"sqlite:///{folder / 'registry.sqlite3'}"


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := re.search(r"serving (http://\S+)", log.read_text()):
            return found[1]
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(log.read_text())
