"""The sections about the machine: operating system, CPU, accelerators."""

from envprint.manifest.section import Integers, Section, Strings


class System(Section):
    """The operating system and what stands between it and the hardware."""

    os: str | None = None
    kernel: str | None = None
    distribution: str | None = None
    libc: str | None = None
    architecture: str | None = None
    byte_order: str | None = None
    platform: str | None = None
    container: str | None = None
    scheduler: str | None = None
    hypervisor: str | None = None
    filesystem: str | None = None
    compilers: dict[str, str] | None = None


class Cpu(Section):
    """The processor, and how much of it this process may use."""

    vendor: str | None = None
    model: str | None = None
    family_number: int | None = None
    model_number: int | None = None
    stepping: int | None = None
    microcode: str | None = None
    microarchitecture: str | None = None
    flags: Strings | None = None
    logical_cores: int | None = None
    physical_cores: int | None = None
    sockets: int | None = None
    threads_per_core: int | None = None
    caches_bytes: dict[str, int] | None = None
    address_bits: dict[str, int] | None = None
    affinity: Integers | None = None
    quota_cores: float | None = None
    numa_nodes: dict[str, str] | None = None
    iommu_groups: int | None = None
    mitigations: dict[str, str] | None = None


class Device(Section):
    """One accelerator; sizes in bytes, power in watts.

    `multiprocessors` are SMs, compute units or GPU cores, whatever this kind schedules work on; `cores` are NVIDIA's
    FP32 lanes. `partitions` are MIG instances by number. `remapped_rows` and `uncorrected_errors` tell of worn memory.
    """

    name: str | None = None
    kind: str | None = None
    compute_capability: str | None = None
    multiprocessors: int | None = None
    threads_per_multiprocessor: int | None = None
    cores: int | None = None
    memory_bytes: int | None = None
    ecc: bool | None = None
    uncorrected_errors: int | None = None
    remapped_rows: int | None = None
    mig: bool | None = None
    partitions: dict[str, "Device"] | None = None
    power_limit_watts: float | None = None
    persistence: bool | None = None
    vbios: str | None = None
    architecture: str | None = None
    visible: bool | None = None


class Accelerators(Section):
    """The devices of this machine as the driver shows them, and what torch says of them.

    `devices` are NVIDIA's by NVML's index (`0`) and AMD's by the kernel's node (`amd1`); `torch_devices` go by torch's
    name (`cuda:0`). Pairs are `0-1`: `peer_access` may one read the other's memory, `topology` what lies between.
    """

    devices: dict[str, Device] | None = None
    driver: str | None = None
    driver_api: str | None = None
    nvml: str | None = None
    peer_access: dict[str, str] | None = None
    topology: dict[str, str] | None = None
    visible_devices: str | None = None
    torch_devices: dict[str, Device] | None = None
    torch_peer_access: dict[str, bool] | None = None
    cuda_available: bool | None = None
    cuda_initialized: bool | None = None
    rocm_available: bool | None = None
    xpu_available: bool | None = None
    mps_available: bool | None = None
