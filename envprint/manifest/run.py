"""The sections about this process: random generators, its part in a job, and mere circumstance."""

from envprint.manifest.section import Section, Strings


class Generator(Section):
    """A random generator: its seed, whether somebody set it, the digest of its state, CUDA's Philox offset."""

    seed: int | None = None
    seeded: bool | None = None
    state: str | None = None
    offset: int | None = None
    algorithm: str | None = None


class Rng(Section):
    """The process-wide random generators; `devices` by name (`cuda:0`)."""

    python: Generator | None = None
    numpy: Generator | None = None
    torch: Generator | None = None
    devices: dict[str, Generator] | None = None


class Distributed(Section):
    """This process's part in a job; `source` tells where rank and size were read: `torch.distributed` or variables."""

    launcher: str | None = None
    source: str | None = None
    initialized: bool | None = None
    backend: str | None = None
    rank: int | None = None
    local_rank: int | None = None
    world_size: int | None = None
    local_world_size: int | None = None
    nodes: int | None = None


class Taken(Section):
    """Circumstance, outside of the manifest's identity; time is UTC in ISO 8601, durations are in milliseconds."""

    at: str | None = None
    process: str | None = None
    host: str | None = None
    user: str | None = None
    pid: int | None = None
    folder: str | None = None
    load: float | None = None
    uptime_seconds: int | None = None
    device_ids: dict[str, str] | None = None
    durations_ms: dict[str, float] | None = None
    envprint: str | None = None
    source: str | None = None
    notes: Strings | None = None
