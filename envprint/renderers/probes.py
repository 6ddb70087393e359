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
    return ", ".join(part for part in (count, _accuracy(kernels), _steadiness(kernels)) if part)


def _accuracy(kernels: Mapping[str, Probe]) -> str:
    """Say which errors rounding does not explain: the largest of all is that of a probe made to cancel."""
    if all(probe.error_ulp is None and probe.accuracy is None for probe in kernels.values()):
        return ""
    names = {said: [name for name, probe in kernels.items() if probe.accuracy == said] for said in ("wrong", "reduced")}
    unexplained = ", ".join(f"{said}: {_listed(theirs)}" for said, theirs in names.items() if theirs)
    return unexplained or "rounding explains every error"


def _steadiness(kernels: Mapping[str, Probe]) -> str:
    unsteady = [name for name, probe in kernels.items() if (probe.outputs or 0) > 1]
    if unsteady:
        return f"unsteady: {_listed(unsteady)}"
    return "all repeat" if all(probe.outputs == 1 for probe in kernels.values()) and kernels else ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(brief, names[:LISTED])) + more
