"""Describe how a DataLoader walks through its data."""

from typing import Any

from envprint.recorder.frames import caller

DEEPEST = 4  # samplers within samplers


def describe_loader(loader: Any) -> dict[str, Any]:
    """Return how a DataLoader walks through its data, as the manifest's Loader has it."""
    sampler = getattr(loader, "sampler", None)
    dataset = getattr(loader, "dataset", None)
    return {
        "dataset": type(dataset).__qualname__,
        "length": _length(dataset),
        "batch_size": _batch_size(loader),
        "shuffle": _is_random(loader, sampler),
        "sampler": type(sampler).__qualname__,
        "workers": getattr(loader, "num_workers", None),
        "drop_last": _drop_last(loader),
        "generator": _generator(loader, sampler) is not None,
        "worker_init": getattr(loader, "worker_init_fn", None) is not None,
        "where": caller(),
    }


def _batches(loader: Any) -> Any:
    """Return the sampler of batches, within those that skip some of them, or share them among ranks."""
    found: Any = getattr(loader, "batch_sampler", None)
    for _ in range(DEEPEST):
        if getattr(found, "sampler", None) is not None or not hasattr(found, "batch_sampler"):
            break
        found = found.batch_sampler
    return found


def _batch_size(loader: Any) -> int | None:
    given = getattr(loader, "batch_size", None)
    found = getattr(_batches(loader), "batch_size", None) if given is None else given
    return found if isinstance(found, int) else None


def _drop_last(loader: Any) -> bool | None:
    found = getattr(loader, "drop_last", None)
    inner = getattr(_batches(loader), "drop_last", found)
    return inner if isinstance(inner, bool) else None


def _is_random(loader: Any, sampler: Any) -> bool:
    """Tell whether samples come in a random order: by the sampler, or by that of a sampler of batches."""
    inner = getattr(_batches(loader), "sampler", None)
    names = {type(each).__name__ for each in (sampler, inner, getattr(sampler, "sampler", None))}
    shuffled = getattr(sampler, "shuffle", False) is True  # DistributedSampler has it as a setting
    return shuffled or bool(names & {"RandomSampler", "SeedableRandomSampler", "WeightedRandomSampler"})


def _generator(loader: Any, sampler: Any) -> Any:
    return getattr(loader, "generator", None) or getattr(sampler, "generator", None)


def _length(dataset: Any) -> int | None:
    try:
        return len(dataset)
    except Exception:  # noqa: BLE001 - an iterable data set has none, and a user's may raise anything
        return None
