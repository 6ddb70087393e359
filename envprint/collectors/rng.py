"""Collect the process-wide random generators: seed, whether somebody set it, and the digest of the state."""

import ctypes
import hashlib
from collections.abc import Callable
from typing import Any

from envprint.collectors import _outside
from envprint.manifest.gaps import Gaps
from envprint.manifest.run import Generator, Rng

CUDA_DEFAULT_SEED = 67280421310721  # c10::detail::default_rng_seed_val, c10/core/GeneratorImpl.h
DRAWN_SEEDS_FROM = 2**53  # what torch draws from the operating system for the CPU has 64 bits
SEEDS_BELOW = 2**32  # what people set; numpy and Lightning take no larger ones


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
    return rng.model_copy(update={name: _without_entropy(getattr(rng, name)) for name in ("python", "numpy", "torch")})


def _without_entropy(generator: Generator | None) -> Generator | None:
    if generator is None or generator.seeded:
        return generator
    return Generator(seeded=False, algorithm=generator.algorithm)


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
    name, keys, position, has_gauss, cached = random.get_state(legacy=True)
    bit_generator = getattr(random.mtrand, "_rand", None)
    bit_generator = getattr(bit_generator, "_bit_generator", None)
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


def was_set(seed: int) -> bool | None:
    """Return whether somebody set this seed of torch's CPU generator; None where its size does not tell.

    Torch begins with 64 bits from the operating system (getNonDeterministicRandom in c10/core/GeneratorImpl.cpp), of
    which one in 2**32 is as small as the seeds people set.
    """
    if seed < SEEDS_BELOW:
        return True
    return False if seed >= DRAWN_SEEDS_FROM else None


def device_generators(torch: Any) -> dict[str, Generator]:
    """Read the generators of the devices that are in use; an unused device has none yet."""
    readers: dict[str, Callable[[Any], dict[str, Generator]]] = {"cuda": cuda_generators, "mps": mps_generator}
    found: dict[str, Generator] = {}
    for read in readers.values():
        found.update(read(torch))
    return found


def cuda_generators(torch: Any) -> dict[str, Generator]:
    """Read each CUDA (or ROCm) generator: Philox, which is a seed and an offset that counts what was drawn."""
    if not torch.cuda.is_initialized():
        return {}
    found = {}
    for index, generator in enumerate(torch.cuda.default_generators):
        seed = generator.initial_seed()
        offset = generator.get_offset() if hasattr(generator, "get_offset") else None
        state = digest(state_bytes(torch, generator))
        found[f"cuda:{index}"] = Generator(
            seed=seed, seeded=seed != CUDA_DEFAULT_SEED, state=state, offset=offset, algorithm="Philox4x32-10"
        )
    return found


def mps_generator(torch: Any) -> dict[str, Generator]:
    """Read Apple's generator once Metal is in use: asking earlier would start it."""
    generator = getattr(getattr(torch, "mps", None), "_default_mps_generator", None)
    if generator is None:
        return {}
    return {"mps:0": Generator(seed=generator.initial_seed(), state=digest(state_bytes(torch, generator)))}


def digest(content: bytes) -> str:
    """Return the name of some bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
