"""One thread for a while is one thread for the calling thread, and leaves no trace."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from forking import CAN_FORK, Forking

pytestmark = pytest.mark.torch

TWO = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}  # both libraries read theirs as they are loaded

LOOK = """
import ctypes, json, os, threading
import numpy, torch
from envprint.probes.threads import _openblas, one_thread_of_numpy, one_thread_of_torch
library = ctypes.CDLL(os.path.join(os.path.dirname(torch.__file__), "lib", "libtorch_cpu.so"))
mkl = lambda name: getattr(library, name, int)()
look = lambda: [torch.get_num_threads(), mkl("mkl_serv_get_max_threads"), mkl("mkl_serv_get_dynamic")]
"""


@pytest.fixture(scope="module")
def two_threads() -> Iterator[Forking]:
    process = Forking("import numpy, torch", **TWO)
    yield process
    process.close()


@pytest.fixture
def printed(request: pytest.FixtureRequest, run_python: Any) -> Callable[[str], Any]:
    """Return what a piece of Python prints as JSON, where each library has two threads."""
    run = request.getfixturevalue("two_threads").run if CAN_FORK else run_python
    return lambda code: json.loads(run(code, **TWO).stdout)


def test_one_thread_of_torch_is_for_the_calling_thread_alone_and_is_put_back(printed: Callable[[str], Any]) -> None:
    code = (
        LOOK
        + """
inside, other = [], []
before = look()
try:
    with one_thread_of_torch(torch):
        inside += look()
        thread = threading.Thread(target=lambda: other.extend(look()))
        thread.start(), thread.join()
        raise ArithmeticError
except ArithmeticError:
    pass
print(json.dumps([before, inside, other, look()]))
"""
    )
    before, inside, other, after = printed(code)

    assert (2, 1) == (before[0], inside[0])
    assert before == after == other


def test_one_thread_of_numpy_is_put_back(printed: Callable[[str], Any]) -> None:
    code = (
        LOOK
        + """
threads = _openblas(numpy)[0]
before = threads()
with one_thread_of_numpy(numpy):
    inside = threads()
print(json.dumps([before, inside, threads()]))
"""
    )

    assert [2, 1, 2] == printed(code)
