"""Make references.json: what the sampled outputs of the probes would be without rounding.

`python -m envprint.probes.make_references` needs torch and mpmath, takes some ten seconds, and gives the same file
everywhere, but for the last digits of what float64 evaluates.
"""

import base64
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from envprint.probes import bits
from envprint.probes.bench import import_library
from envprint.probes.exact import Sampled, exact
from envprint.probes.inputs import Inputs
from envprint.probes.outputs import output_of, places
from envprint.probes.probe import Probe
from envprint.probes.references import FILE
from envprint.probes.table import FUNCTIONS, HOST, PROBES, PRODUCTS, REDUCTIONS

ALONE = (*FUNCTIONS, *REDUCTIONS, *PRODUCTS, *HOST)  # one operation, whose result no other takes


def make_references(probes: Iterable[Probe] = PROBES) -> dict[str, dict[str, Any]]:
    """Return what references.json holds of each probe that has a reference."""
    return {probe.name: _entry(probe) for probe in probes if probe.referenced}


def exact_samples(probe: Probe) -> list[Any]:
    """Return the sampled outputs as float64, or as numbers of mpmath where float64 falls short."""
    inputs = Inputs(import_library("torch"), probe.dtype, exact=True)
    library = import_library(probe.library)
    result = probe.build(exact(library) if probe in ALONE else library, inputs)()
    if isinstance(result, Sampled):
        return list(result)
    if isinstance(result, list) and not isinstance(result[0], float) and not hasattr(result[0], "shape"):
        return [result[place] for place in places(len(result))]
    output = output_of(result)
    sampled = bits.decode(base64.b64encode(output.samples).decode(), output.dtype)
    return [bits.value(each, output.dtype) for each in sampled]


def _entry(probe: Probe) -> dict[str, Any]:
    values = exact_samples(probe)
    high = [float(value) for value in values]
    entry: dict[str, Any] = {"version": probe.version, "high": _text(high)}
    if probe.dtype == "float64":
        entry["low"] = _text([float(value - nearest) for value, nearest in zip(values, high, strict=True)])
    return entry


def _text(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode()


if __name__ == "__main__":
    path = Path(__file__).with_name(FILE)
    path.write_bytes(orjson.dumps(make_references(), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
