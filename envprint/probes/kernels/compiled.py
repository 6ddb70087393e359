"""What torch.compile makes of a chain of operations: it fuses them, and has its CPU kernels compiled."""

import shutil
from typing import Any

from envprint.manifest.gaps import Absent
from envprint.probes.inputs import Inputs
from envprint.probes.probe import Run


def fused_chain(torch: Any, x: Inputs) -> Run:
    """Compile GELU, softmax and a layer norm into one kernel."""
    if not hasattr(torch, "compile"):
        raise Absent(f"torch {torch.__version__} has no torch.compile")
    if x.device == "cpu" and not any(shutil.which(name) for name in ("g++", "clang++", "c++", "cl")):
        raise Absent("torch.compile needs a C++ compiler")
    values = x.uniform("values", 64, 128, scale=1)

    def chain(values: Any) -> Any:
        scores = torch.softmax(torch.nn.functional.gelu(values), dim=-1)
        return torch.nn.functional.layer_norm(scores - scores.std(dim=-1, keepdim=True), (128,))

    return chain_of(chain, values) if x.exact else chain_of(torch.compile(chain, dynamic=False), values)


def chain_of(function: Any, values: Any) -> Run:
    """Return the call of a function with its values."""
    return lambda: function(values)
