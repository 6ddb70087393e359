"""Run the probes on every device, in a thread of their own."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.probes import Kind, Probes
from envprint.probes.bench import Bench, Library, ignore, import_library
from envprint.probes.flags import reference_flags
from envprint.probes.order.asking import reveal_orders
from envprint.probes.probe import Probe
from envprint.probes.table import PROBES

WAKE_SECONDS = 0.1  # how long Ctrl-C may go unheard
TURNS: dict[int, threading.Lock] = {}  # by process: in a child that is forked meanwhile, a lock would stay shut


def run_probes(
    kind: Kind,
    gaps: Gaps,
    *,
    live: bool = False,
    devices: Sequence[str] | None = None,
    tick: Callable[[str], None] = ignore,
) -> tuple[Probes, dict[str, float]]:
    """Run the probes on the CPU and every accelerator; return what they gave, and milliseconds by device and probe.

    They run in a thread of their own: grad mode, autocast, inference mode, the default device and modes that see every
    operation belong to the thread that set them (c10/core/impl/LocalDispatchKeySet.h, torch/overrides.py), and so does
    the number of OpenMP threads. In a `live` process nothing is imported and no accelerator is initialised. `tick`
    hears the name of each probe before it runs.
    """
    library = imported_library if live else imported_or_pillow
    chosen = [probe for probe in PROBES if kind == "full" or not probe.full]
    found = Probes(kind=kind, repeats={}, kernels={}, **({"orders": {}} if kind == "full" else {}))
    times: dict[str, float] = {}

    def run(stop: threading.Event) -> None:
        def heard(name: str) -> None:
            if stop.is_set():
                raise SystemExit
            tick(name)

        def measure(bench: Bench, flags: contextlib.AbstractContextManager[None]) -> None:
            found.repeats[bench.name], found.kernels[bench.name] = bench.repeats, bench.results
            with flags:
                bench.measure_all([probe for probe in chosen if _feels(probe, bench.device)], heard)
                if kind == "full":
                    within = gaps.within("orders").within(bench.name)
                    found.orders[bench.name] = reveal_orders(library, within, bench.device, tick=heard)

        with _turn(stop):
            for bench, flags in _benches(library, gaps.within("kernels"), devices, live=live):
                gaps.within("kernels").ask(bench.name, partial(measure, bench, flags))
                times.update({f"{bench.name}.{name}": round(each * 1000, 3) for name, each in bench.seconds.items()})

    _in_a_thread_of_its_own(run)
    return found, times


def imported_library(name: str) -> ModuleType:
    """Return a library that this process has imported, for who observes it; Python's own may be loaded."""
    if name in sys.stdlib_module_names:
        return import_library(name)
    if name not in sys.modules:
        raise Absent(f"{name.partition('.')[0]} is not imported in this process")
    return sys.modules[name]


def imported_or_pillow(name: str) -> ModuleType:
    """Return a library that a fresh process has imported already, and Pillow, which it has not."""
    return import_library(name) if name.startswith("PIL") else imported_library(name)


def _benches(
    library: Library, gaps: Gaps, devices: Sequence[str] | None, *, live: bool
) -> Iterator[tuple[Bench, contextlib.AbstractContextManager[None]]]:
    """Yield each device as the process has set it, accelerators with the reference flags too."""
    yield Bench("cpu", "cpu", library, gaps.within("cpu")), contextlib.nullcontext()
    if devices is None:
        devices = gaps.ask("accelerators", lambda: accelerators(library("torch"), live=live)) or ()
    for device in devices:
        yield Bench(device, device, library, gaps.within(device)), contextlib.nullcontext()
        name = f"{device}/reference"
        yield Bench(device, name, library, gaps.within(name)), reference_flags(library("torch"))


def accelerators(torch: Any, *, live: bool = False) -> list[str]:
    """Return the accelerators there are, or in a `live` process those it uses, as torch names them."""
    found = []
    for kind in ("cuda", "xpu"):
        backend = getattr(torch, kind, None)
        if backend is not None and backend.is_available() and backend.is_initialized():
            used = (index for index in range(backend.device_count()) if not live or _has_context(torch, kind, index))
            found += [f"{kind}:{index}" for index in used]
    if getattr(torch.backends, "mps", None) is not None and torch.backends.mps.is_available():
        found.append("mps:0")
    return found


def _has_context(torch: Any, kind: str, index: int) -> bool:
    """Tell whether this process uses a device: of eight GPUs a rank has one, and a context takes half a GB."""
    ask = getattr(torch._C, f"_{kind}_hasPrimaryContext", None)  # noqa: SLF001 - there is no public way to ask
    return ask is None or bool(ask(index))


def _feels(probe: Probe, device: str) -> bool:
    """Tell whether a probe runs on a device."""
    return bool(probe.cpu) if device == "cpu" else bool(probe.gpu)


@contextlib.contextmanager
def _turn(stop: threading.Event) -> Iterator[None]:
    """Wait until no other thread of this process runs probes.

    Warning filters, attention's flags and OpenBLAS's threads belong to the process: of two that each put back what they
    found, the later one found what the earlier one had set.
    """
    lock = TURNS.setdefault(os.getpid(), threading.Lock())
    while not lock.acquire(timeout=WAKE_SECONDS):
        if stop.is_set():
            raise SystemExit
    try:
        yield
    finally:
        lock.release()


def _in_a_thread_of_its_own(run: Callable[[threading.Event], None]) -> None:
    """Call `run` in another thread, wait for it, and raise here what it raised; Ctrl-C ends it at the next probe."""
    stop, done = threading.Event(), threading.Event()
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            run(stop)
        except BaseException as exc:  # noqa: BLE001 - it is raised again where it is waited for
            raised.append(exc)
        finally:
            done.set()

    threading.Thread(target=guarded, name="envprint probes", daemon=True).start()
    try:
        while not done.wait(WAKE_SECONDS):  # not join(): once interrupted, Python 3.11 takes the thread for ended
            pass
    finally:
        stop.set()
        done.wait()
    if raised:
        raise raised[0]
