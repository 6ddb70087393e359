"""Read the vendor and the flags of the first CPU, which the dispatch of libraries goes by."""

from pathlib import Path
from typing import NamedTuple

from envprint.manifest.gaps import Absent

LIMIT_BYTES = 16 * 1024  # the first CPU's paragraph: the kernel writes no more than is read


class FirstCpu(NamedTuple):
    """Vendor and flags, as Linux names them."""

    vendor: str
    flags: frozenset[str]


def read_first_cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> FirstCpu:
    """Return what /proc/cpuinfo says of the first CPU; raise Absent where there are no x86 flags."""
    try:
        with cpuinfo.open("rb", buffering=0) as file:
            return parse_first_cpu(file.read(LIMIT_BYTES).decode("utf-8", errors="replace"))
    except OSError as exc:
        raise Absent(f"there is no {cpuinfo}") from exc


def parse_first_cpu(text: str) -> FirstCpu:
    """Return vendor and flags of the first paragraph."""
    paragraph = text.strip().split("\n\n", 1)[0]
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in paragraph.splitlines())}
    if "flags" not in facts:  # Arm has Features
        raise Absent("this is no x86 processor")
    return FirstCpu(facts.get("vendor_id", ""), frozenset(facts["flags"].split()))
