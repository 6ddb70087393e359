"""Collect the process-wide random generators: seed, whether somebody set it, and the digest of the state."""

import ctypes
import hashlib
from collections.abc import Callable
from typing import Any

from envprint.collectors import _outside
from envprint.manifest.gaps import Gaps
from envprint.manifest.run import Generator, Rng

SEEDS_BELOW = 2**32  # what people set; numpy and Lightning take no larger ones
# What torch draws from the operating system has 64 bits for the CPU and Metal, 53 for CUDA and XPU
# (getNonDeterministicRandom in c10/core/GeneratorImpl.cpp): below these it is once in 2048, once in 8192.
DRAWN_SEEDS_FROM = 2**53
DRAWN_GPU_SEEDS_FROM = 2**40


def collect_rng(gaps: Gaps) -> Rng:
    """Read python's, numpy's, torch's and every used device's generator; no number is drawn."""
    return Rng(
        python=gaps.ask("python", lambda: python_generator(_outside.imported("random"))),
        numpy=gaps.ask("numpy", lambda: numpy_generator(_outside.imported("numpy.random"))),
        torch=gaps.ask("torch", lambda: torch_generator(_outside.imported("torch"))),
        devices=gaps.ask("devices", lambda: device_generators(_outside.imported("torch"))),
    )


def collect_unseeded_rng(gaps: Gaps) -> Rng:
    """Read the generators of a fresh process: state and seed of one that nobody seeded are new each time, no fact."""
    rng = collect_rng(gaps)
    own = {name: getattr(rng, name) and _without_entropy(getattr(rng, name)) for name in ("python", "numpy", "torch")}
    devices = rng.devices and {name: _without_entropy(generator) for name, generator in rng.devices.items()}
    return rng.model_copy(update={**own, "devices": devices})


def _without_entropy(generator: Generator) -> Generator:
    return generator if generator.seeded else Generator(seeded=False, algorithm=generator.algorithm)


def python_generator(random: Any) -> Generator:
    """Read the generator behind random.random(); python keeps no trace of its seed."""
    version, words, gauss = random.getstate()
    content = f"{version}:{gauss}:".encode() + b"".join(word.to_bytes(4, "little") for word in words)
    return Generator(state=digest(content), algorithm="MT19937")


def numpy_generator(random: Any) -> Generator:
    """Read numpy's legacy generator.

    np.random.seed() forgets the SeedSequence that the import drew (`_legacy_seeding` in numpy/random/_mt19937.pyx),
    and so tells that somebody set the seed; np.random.set_state() leaves no such trace.
    """
    bit_generator = getattr(random.mtrand, "_rand", None)
    bit_generator = getattr(bit_generator, "_bit_generator", None)
    if (kind := type(bit_generator).__name__) not in {"MT19937", "NoneType"}:  # numpy warns where asked for its words
        return Generator(state=digest(repr(random.get_state(legacy=False)).encode()), algorithm=kind)
    name, keys, position, has_gauss, cached = random.get_state(legacy=True)
    sequence = getattr(bit_generator, "_seed_seq", Ellipsis)
    content = f"{position}:{has_gauss}:{cached if has_gauss else 0}:".encode() + keys.tobytes()
    return Generator(
        seeded=None if sequence is Ellipsis else sequence is None, state=digest(content), algorithm=str(name)
    )


def torch_generator(torch: Any) -> Generator:
    """Read torch's CPU generator."""
    seed = torch.initial_seed()
    state = state_bytes(torch, torch.random.default_generator)
    return Generator(seed=seed, seeded=was_set(seed), state=digest(state), algorithm="MT19937")


def state_bytes(torch: Any, generator: Any) -> bytes:
    """Return the state of a generator of torch, unseen by the modes that are in force.

    `.numpy()` would be an operation of its own (aten.detach): a TorchFunctionMode or TorchDispatchMode would count it,
    FakeTensorMode refuse it, export write it into the program.
    """
    with torch._C.DisableTorchFunction():  # noqa: SLF001 - the public DisableTorchFunctionSubclass leaves modes on
        state = generator.get_state()
        if not isinstance(state, torch.Tensor):  # a stand-in for torch has no memory to be read
            raise TypeError(f"the state of a generator is a {type(state).__name__}")
        return ctypes.string_at(state.data_ptr(), state.numel())  # always uint8, on the CPU


def was_set(seed: int, drawn_from: int = DRAWN_SEEDS_FROM) -> bool | None:
    """Return whether somebody set this seed of torch's; None where its size does not tell.

    Torch seeds each default generator by a number from the operating system, which is hardly ever as small as the seeds
    people set.
    """
    if seed < SEEDS_BELOW:
        return True
    return False if seed >= drawn_from else None


def device_generators(torch: Any) -> dict[str, Generator]:
    """Read the generators of the devices that are in use; an unused device has none yet."""
    readers: tuple[Callable[[Any], dict[str, Generator]], ...] = (cuda_generators, xpu_generators, mps_generator)
    found: dict[str, Generator] = {}
    for read in readers:
        found.update(read(torch))
    return found


def cuda_generators(torch: Any) -> dict[str, Generator]:
    """Read each CUDA (or ROCm) generator, once CUDA is in use."""
    return philox_generators(torch, "cuda", torch.cuda) if torch.cuda.is_initialized() else {}


def xpu_generators(torch: Any) -> dict[str, Generator]:
    """Read each generator of Intel's GPUs, once they are in use; torch has them since 2.4."""
    xpu = getattr(torch, "xpu", None)
    return philox_generators(torch, "xpu", xpu) if xpu is not None and xpu.is_initialized() else {}


def philox_generators(torch: Any, kind: str, module: Any) -> dict[str, Generator]:
    """Read each default generator of a kind of GPU: Philox, which is a seed and an offset that counts what was drawn.

    torch seeds them from the operating system (getDefaultCUDAGenerator in aten/src/ATen/cuda/CUDAGeneratorImpl.cpp,
    getDefaultXPUGenerator in ATen/xpu/XPUGeneratorImpl.cpp); only a torch.Generator made by hand begins with
    c10::detail::default_rng_seed_val, 67280421310721.
    """
    found = {}
    for index, generator in enumerate(module.default_generators):
        seed = generator.initial_seed()
        found[f"{kind}:{index}"] = Generator(
            seed=seed,
            seeded=was_set(seed, DRAWN_GPU_SEEDS_FROM),
            state=digest(state_bytes(torch, generator)),
            offset=generator.get_offset() if hasattr(generator, "get_offset") else None,
            algorithm="Philox4x32-10",
        )
    return found


def mps_generator(torch: Any) -> dict[str, Generator]:
    """Read Apple's generator once Metal is in use: asking earlier would start it."""
    generator = getattr(getattr(torch, "mps", None), "_default_mps_generator", None)
    if generator is None:
        return {}
    seed = generator.initial_seed()
    return {"mps:0": Generator(seed=seed, seeded=was_set(seed), state=digest(state_bytes(torch, generator)))}


def digest(content: bytes) -> str:
    """Return the name of some bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
