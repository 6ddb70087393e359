"""The nodes of a Ray cluster: each is asked for a manifest with probes, in a process of its own.

Ray finds the nodes, starts the processes and carries the answers: https://docs.ray.io/en/latest/ray-core/scheduling/index.html
"""

import json
import socket
import time
from collections.abc import Callable
from typing import Any

from envprint.errors import EnvprintError
from envprint.fleet.comparing import compare_known
from envprint.fleet.reading import Known, document_of, known_of
from envprint.fleet.report import FleetReport
from envprint.fleet.watching import Past
from envprint.manifest import parse_manifest

REACHED_WITHIN = 5.0  # seconds
LACKING = "Ray is not installed"
LACKS_ENVPRINT = "it lacks envprint"
SILENT = "it gave no answer within {:g} s: it hangs, or died"
COMMAND = ("-m", "envprint", "capture")
# what Ray sets for its workers: no GPU, and one thread, where none is asked for
SET_BY_RAY = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")


def compare_nodes(
    address: str, timeout: float, rounds: int, every: float, tell: Callable[[FleetReport], None]
) -> FleetReport:
    """Compare the nodes of the Ray cluster at an address, some times; the report of the last round.

    EnvprintError where Ray is not installed, or there is no cluster.
    """
    ray = _connected(address)
    past = Past()
    try:
        for number in range(rounds):
            began = time.monotonic()
            report = _compare(ray, timeout, past)
            tell(report)
            if number + 1 < rounds:
                time.sleep(max(0.0, began + every - time.monotonic()))
        return report
    finally:
        ray.shutdown()


def _connected(address: str) -> Any:
    try:
        import ray
    except ImportError as exc:
        raise EnvprintError(LACKING, hint="pip install 'envprint[ray]'") from exc
    _refuse_unreachable(address)
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, ignore_reinit_error=True)
    except Exception as exc:  # what Ray raises there differs by version
        raise EnvprintError(f"there is no Ray cluster at {address!r:.80}: {str(exc).splitlines()[0][:200]}") from exc
    return ray


def _refuse_unreachable(address: str) -> None:
    """Raise EnvprintError where nothing listens: Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():
        return  # auto: Ray looks for a cluster that was started here
    try:
        socket.create_connection((host, int(port)), REACHED_WITHIN).close()
    except (OSError, OverflowError) as exc:
        raise EnvprintError(f"there is no Ray cluster at {address!r:.80}: {exc}") from exc


def _compare(ray: Any, timeout: float, past: Past) -> FleetReport:
    asked = {_ask(ray, node["NodeID"]): node for node in ray.nodes() if node["Alive"]}
    dead = [node for node in ray.nodes() if not node["Alive"]]
    done, _ = ray.wait(list(asked), num_returns=len(asked), timeout=timeout)
    known: list[Known] = []
    whole: dict[str, bytes] = {}
    refused = {_name(node): "it is dead" for node in dead}
    for answer, node in asked.items():
        try:
            content = _answer(ray, answer, SILENT.format(timeout) if answer not in done else "")
            known.append(known_of(document_of(content, _name(node)), _name(node), past.catalogue))
            whole[_name(node)] = content
        except EnvprintError as exc:
            refused[_name(node)] = str(exc)
            ray.cancel(answer, force=True)
    past.heed(known)
    return past.told(compare_known(known, past.catalogue, lambda name: parse_manifest(whole[name], name), refused))


def _ask(ray: Any, node: str) -> Any:
    """Return Ray's promise of what one node answers: on that node, whatever else runs there."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def capture_there(words: tuple[str, ...], apart: tuple[str, ...]) -> tuple[int, bytes, str]:
        # sent as it is, since the node may lack envprint; Ray's worker is no fresh process, so that it starts one
        import os
        import subprocess
        import sys

        own = {name: value for name, value in os.environ.items() if name not in apart}
        done = subprocess.run([sys.executable, *words], capture_output=True, check=False, env=own)
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")[-300:]

    there = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
    return ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(capture_there).remote(COMMAND, SET_BY_RAY)


def _answer(ray: Any, answer: Any, silent: str) -> bytes:
    if silent:
        raise EnvprintError(silent)
    try:
        status, content, said = ray.get(answer)
    except Exception as exc:  # the node, or Ray's worker on it
        raise EnvprintError(f"it failed: {type(exc).__name__}") from exc
    if status == 0:
        json.loads(content)
        return bytes(content)
    raise EnvprintError(LACKS_ENVPRINT if "No module named envprint" in said else f"it failed: {said.splitlines()[-1]}")


def _name(node: dict[str, Any]) -> str:
    return f"{node['NodeManagerHostname']} {node['NodeID'][:8]}"
