"""The names of the modules that are trained, as they are without what spreads them over devices or compiles them."""

from collections.abc import Iterator
from typing import Any


def names_of(model: Any, roots: list[Any]) -> dict[int, str]:
    """Return the names of the modules of the model, by id, and of other modules that are trained beside it."""
    names: dict[int, str] = {}
    for root, prefix in ((model, ""), *((each, type(each).__name__) for each in roots)):
        if root is not None and id(root) not in names:
            for path, module in _inside(root, prefix):
                names.setdefault(id(module), path)
    return names


def _inside(module: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield modules with their names, as they are without what spreads or compiles them."""
    inner = _wrapped(module)
    if inner is not None:
        yield from _inside(inner, path)
        return
    yield path, module
    for name, child in module._modules.items():  # noqa: SLF001 - named_children() leaves out what is there twice
        if child is not None:
            yield from _inside(child, f"{path}.{name}" if path else name)


def _wrapped(module: Any) -> Any:
    names = {each.__name__ for each in type(module).__mro__}
    if names & {"DataParallel", "DistributedDataParallel"}:
        return module.module
    return module._orig_mod if "OptimizedModule" in names else None  # noqa: SLF001
