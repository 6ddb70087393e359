"""Measure how many pushes a registry takes in a second, and how long a page of many runs takes."""

import hashlib
import http.client
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from figures import Bound

from envprint.manifest import identity
from envprint.registry.database import open_database
from envprint.registry.entry import Entry
from envprint.registry.store import Push, Search, Store

sys.path.insert(0, str(Path(__file__).parent.parent / "registry"))
from _servers import JSON, Server, on_sqlite, serving

SAMPLE = Path(__file__).parent.parent.parent / "samples" / "manifests" / "zen.json"
PUSHES, CLIENTS = 3000, 16
RUNS, BATCH = 100_000, 2000
PAGES = {
    "the first page": "/manifests",
    "as HTML": "/runs",
    "the last page": "/manifests?after=40",
    "of a label": "/manifests?label=run+7",
    "of a host": "/manifests?host=node7",
    "of a GPU": "/manifests?gpu=h100&after=50000",
    "of a word that is nowhere": "/manifests?q=nowhere",
}


def measure_registry() -> Iterator[Bound]:
    """Yield what pushes and pages take."""
    with tempfile.TemporaryDirectory() as folder:
        yield from measure_pushes(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        yield from measure_pages(Path(folder))


def measure_pushes(folder: Path) -> Iterator[Bound]:
    """Push different manifests from several clients, kill the server, and look for each that it acknowledged."""
    bodies = [body_of(number) for number in range(PUSHES)]
    size = sum(map(len, bodies)) / PUSHES / 1000
    kept: list[str] = []
    with serving(on_sqlite(folder), "--rate", "100000", folder=folder) as server:
        clients = [
            threading.Thread(target=push_all, args=(server.url, bodies[place::CLIENTS], kept))
            for place in range(CLIENTS)
        ]
        began = time.perf_counter()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        seconds = time.perf_counter() - began
        server.kill()
    engine = open_database(on_sqlite(folder))
    lost = set(kept) - {found.id for found in Store(engine).page(Search(), PUSHES)}
    engine.dispose()
    yield Bound(
        f"push of {size:.0f} kB, of {len(kept)} by {CLIENTS} clients", seconds / len(kept) * 1000, "ms", 1000 / 300
    )
    yield Bound("pushes lost when the server was killed", len(lost), "", 1)


def body_of(number: int) -> bytes:
    """Return a manifest as machines have them, that no other number has."""
    document = orjson.loads(SAMPLE.read_bytes())
    document["system"]["kernel"] = f"6.1.{number}"
    document["id"] = identity(document)
    return orjson.dumps(document)


def push_all(url: str, bodies: list[bytes], kept: list[str]) -> None:
    """Push over one connection; add what was acknowledged."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    for body in bodies:
        connection.request("POST", "/manifests?label=bench", body, JSON)
        answer = connection.getresponse()
        kept.append(orjson.loads(answer.read())["id"])
    connection.close()


def measure_pages(folder: Path) -> Iterator[Bound]:
    """Ask for pages of a registry that holds many runs."""
    engine = open_database(on_sqlite(folder))
    store = Store(engine)
    for first in range(0, RUNS, BATCH):
        store.put([run(number) for number in range(first, first + BATCH)])
    engine.dispose()
    with serving(on_sqlite(folder), "--rate", "100000", folder=folder) as server:
        for name, path in PAGES.items():
            yield Bound(f"page of {RUNS} runs, {name}", median_ms(server, path), "ms", below=100)


def run(number: int) -> Push:
    """Return a run as lists show one; nobody asks for its body."""
    host, gpu = f"node{number % 500}", "NVIDIA H100 80GB HBM3" if number % 3 else "NVIDIA A100-SXM4-40GB"
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    words = f"{host} {gpu} 2.13.0 intel(r) xeon(r) platinum 8480+ sha256:{digest}".lower()
    return Push(Entry(digest, b"", 60_000, None, host, gpu, "2.13.0+cu130", words), f"run {number % 1000}")


def median_ms(server: Server, path: str) -> float:
    """Return how long a page takes."""
    times = []
    for _ in range(15):
        began = time.perf_counter()
        assert server.get(path).status_code == 200
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    for figure in measure_registry():
        print(figure.line(), flush=True)
