"""What one manifest's probes say, in a line for each device: not a row for each kernel."""

from collections.abc import Iterator, Mapping

from envprint.manifest.probes import Probe, Probes
from envprint.renderers.plain import brief

LISTED = 8
WORDS = 200  # characters of what may be a sentence


def probe_rows(probes: Probes) -> Iterator[tuple[str, str]]:
    """Yield label and text: which probes were asked for, then each device, then the orders of addition."""
    yield "kind", probes.kind
    for device, kernels in probes.kernels.items():
        yield brief(device), _kernels(kernels)
    for device, orders in probes.orders.items():
        for name, order in list(orders.items())[:LISTED]:
            yield f"order {brief(device)} {brief(name)}", brief(order.words, WORDS)
        if len(orders) > LISTED:
            yield f"order {brief(device)}", f"and {len(orders) - LISTED} more"


def _kernels(kernels: Mapping[str, Probe]) -> str:
    count = f"{len(kernels)} kernel{'' if len(kernels) == 1 else 's'}"
    wrong = [name for name, probe in kernels.items() if probe.accuracy == "wrong"]
    parts = [count, _worst(kernels), _steadiness(kernels), f"wrong: {_listed(wrong)}" if wrong else ""]
    return ", ".join(part for part in parts if part)


def _worst(kernels: Mapping[str, Probe]) -> str:
    errors = [(probe.error_ulp, name) for name, probe in kernels.items() if probe.error_ulp is not None]
    if not errors:
        return ""
    error, name = max(errors)
    return f"worst error {error:.3g} ULP ({brief(name)})"


def _steadiness(kernels: Mapping[str, Probe]) -> str:
    unsteady = [name for name, probe in kernels.items() if (probe.outputs or 0) > 1]
    if unsteady:
        return f"unsteady: {_listed(unsteady)}"
    return "all repeat" if all(probe.outputs == 1 for probe in kernels.values()) and kernels else ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(brief, names[:LISTED])) + more
