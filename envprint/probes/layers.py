"""Which layers of the stack each probe feels."""

from collections.abc import Mapping

from envprint.probes.table import PROBES

LAYERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {  # by device: a product feels BLAS here and cuBLAS there
    "cpu": {probe.name: probe.cpu for probe in PROBES},
    "gpu": {probe.name: probe.gpu for probe in PROBES},
}
