"""Write down one run: seeds, loaders, the environment and the model at the first step, and the steps."""

import contextlib
import gc
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from envprint.manifest import Manifest, write
from envprint.manifest.gaps import gap_from
from envprint.manifest.ledger import Loader, Mark, Run, Seeding, Step
from envprint.recorder.batches import Batches
from envprint.recorder.calls import caller
from envprint.recorder.generators import states
from envprint.recorder.sampling import chained, is_sampled

FLUSH_SECONDS = 5.0
MOST = 256  # seedings, loaders and marks that are kept
LOOKED_FOR = 8  # seedings before which modules are looked for among all objects, which takes long


class Recording:
    """What was seen of a run so far; each method hears of one event and raises nothing that a run could die of."""

    def __init__(self, path: Path, command: tuple[str, ...] = ()) -> None:
        self.path = path
        self.command = command
        self.manifest: Manifest | None = None
        self.facts: dict[str, Any] = {}
        self.steps = 0
        self.chain = ""
        self.loss: Any = None
        self.batches = Batches()
        self.model: Any = None
        self.seedings: list[Seeding] = []
        self.loaders: list[Loader] = []
        self.marks: list[Mark] = []
        self.ledger: list[Step] = []
        self.unread: dict[str, str] = {}
        self.flushed = time.monotonic()
        self.lock = threading.RLock()
        self.stopped = False

    @contextlib.contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Let one thread at a time write down; keep why that failed."""
        if self.stopped:
            return
        with self.lock:
            try:
                yield
            except Exception as exc:  # noqa: BLE001 - a run goes on, whatever could not be read of it
                self.unread.setdefault(what, gap_from(exc).reason)

    def seeded(self, generator: Any, value: object) -> None:
        """Note a call that seeds a generator."""
        with self.noting("seedings"):
            if len(self.seedings) < MOST:
                built = self.steps > 0 or (len(self.seedings) < LOOKED_FOR and any(True for _ in _models()))
                self.seedings.append(
                    Seeding(
                        generator=generator, value=repr(value)[:40], where=caller(), step=self.steps,
                        after_model=built, after_batch=bool(self.batches.seen),
                    )
                )  # fmt: skip

    def loading(self, loader: Any) -> None:
        """Note how a DataLoader walks through its data, as it begins to."""
        with self.noting("loaders"):
            told = describe_loader(loader)
            if told not in self.loaders and len(self.loaders) < MOST:
                self.loaders.append(told)
            self.mark("epoch")

    def loaded(self, batch: Any) -> None:
        """Note a batch that a DataLoader gave."""
        with self.noting("batches"):
            self.batches.add(batch)

    def epoch_ended(self) -> None:
        """Note the samples of an epoch."""
        with self.noting("epochs"):
            digest, count = self.batches.end_epoch()
            if count and len(self.marks) < MOST:
                self.marks.append(
                    Mark(name=f"samples of an epoch: {count}", step=self.steps, generators={"samples": digest})
                )

    def mark(self, name: str) -> None:
        """Note the states of the generators at a place of the run."""
        with self.noting("marks"):
            if len(self.marks) < MOST:
                self.marks.append(Mark(name=name, step=self.steps, generators=states()))

    def backward(self, loss: Any) -> None:
        """Note the loss whose gradients are asked for; it is read at the step."""
        with self.noting("loss"):
            self.loss = loss.detach() if hasattr(loss, "detach") and loss.numel() == 1 else None

    def stepping(self, optimizer: Any) -> None:
        """Note the step that an optimizer is about to make; at the first one the environment and the model."""
        with self.noting("steps"):
            if self.manifest is None:
                self.begin(optimizer)
            self.steps += 1
            self.pending = self._before(optimizer)

    def stepped(self, optimizer: Any) -> None:
        """Note what a step made of the parameters, at those that are kept, and write from time to time."""
        with self.noting("steps"):
            facts = self.pending
            if is_sampled(self.steps):
                facts |= sampled_after(optimizer)
            self.chain = chained(self.chain, facts)
            if is_sampled(self.steps):
                self.ledger.append(Step(step=self.steps, chain=self.chain, **facts))
        if self.steps & (self.steps - 1) == 0 or time.monotonic() - self.flushed > FLUSH_SECONDS:
            self.flush("running")

    def begin(self, optimizer: Any) -> None:
        """Capture the environment as the process really has it, and the model that is about to be trained."""
        from envprint.collectors import capture

        parameters = _parameters(optimizer)
        self.model = owner_of(parameters)
        self.facts["optimizer"] = type(optimizer).__qualname__
        with self.noting("optimizer"):
            self.facts["groups"] = tuple(_settings(group) for group in optimizer.param_groups)
            self.facts["restored"] = bool(optimizer.state)
        with self.noting("initial"):
            self.facts["initial"] = digest_of_all(parameters)
        with self.noting("model"):
            if self.model is not None:
                from envprint.models.describing import describe

                self.facts["model"] = describe(self.model, forward=False)
        self.manifest = capture()

    def _before(self, optimizer: Any) -> dict[str, Any]:
        batch, samples = self.batches.take()
        loss, self.loss = self.loss, None
        facts: dict[str, Any] = {
            "loss": None if loss is None else float(loss).hex(),
            "batch": batch,
            "samples": samples,
            "generators": states(),
            "rates": tuple(float(group["lr"]) for group in optimizer.param_groups if "lr" in group),
        }
        if self.model is not None:
            facts["training"] = bool(self.model.training)
        if is_sampled(self.steps):
            gradients = [each.grad for each in _parameters(optimizer) if each.grad is not None]
            facts |= {"gradients": digest_of_all(gradients), "gradient_norm": norm_of(gradients)}
        return {name: value for name, value in facts.items() if value is not None}

    def flush(self, status: str) -> None:
        """Write what there is, whole or not at all."""
        with self.noting("writing"):
            from envprint.collectors import capture

            manifest = self.manifest or capture()
            facts = {**self.facts, "command": self.command, "status": status, "steps": self.steps}
            facts |= {name: tuple(getattr(self, name)) for name in ("seedings", "loaders", "marks", "ledger")}
            run = Run(**facts, unread=dict(self.unread))
            document = {key: value for key, value in manifest.as_json().items() if key != "id"}
            document["run"] = run.model_dump(mode="json", exclude_unset=True)
            write(Manifest.model_validate(document), self.path, force=True)
            self.flushed = time.monotonic()

    def stop(self) -> None:
        """Hear of nothing more: this is a child that was forked, or the run is over."""
        self.stopped = True


def describe_loader(loader: Any) -> Loader:
    """Return how a DataLoader walks through its data."""
    sampler = getattr(loader, "sampler", None)
    dataset = getattr(loader, "dataset", None)
    facts: dict[str, Any] = {
        "dataset": type(dataset).__qualname__,
        "length": _length(dataset),
        "batch_size": getattr(loader, "batch_size", None),
        "shuffle": type(sampler).__name__ == "RandomSampler",
        "sampler": type(sampler).__qualname__,
        "workers": getattr(loader, "num_workers", None),
        "drop_last": getattr(loader, "drop_last", None),
        "generator": getattr(loader, "generator", None) is not None,
        "worker_init": getattr(loader, "worker_init_fn", None) is not None,
    }
    return Loader(where=caller(), **facts)


def _length(dataset: Any) -> int | None:
    try:
        return len(dataset)
    except Exception:  # noqa: BLE001 - an iterable data set has none, and a user's may raise anything
        return None


def sampled_after(optimizer: Any) -> dict[str, Any]:
    """Return the digests of the parameters after a step, and of what the optimizer remembers."""
    parameters = _parameters(optimizer)
    kept = [
        value
        for each in parameters
        for _, value in sorted((optimizer.state.get(each) or {}).items(), key=lambda item: str(item[0]))
    ]
    return {"parameters": digest_of_all(parameters), "state": digest_of_all(kept)}


def _parameters(optimizer: Any) -> list[Any]:
    return [each for group in optimizer.param_groups for each in group["params"]]


def _settings(group: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in group.items() if key not in {"params", "param_names"}}
    return {
        key: value if isinstance(value, (bool, int, float, str)) else repr(value)[:80] for key, value in plain.items()
    }


def digest_of_all(values: list[Any]) -> str:
    """Return the digest of several tensors and numbers."""
    from envprint.models.values import Digests

    return Digests().of([value.detach() if hasattr(value, "detach") else value for value in values])


def norm_of(gradients: list[Any]) -> str | None:
    """Return the norm of all gradients, exactly; None where there are none."""
    if not gradients:
        return None
    torch = sys.modules["torch"]
    total = sum(float(torch.linalg.vector_norm(each.float())) ** 2 for each in gradients if not each.is_sparse)
    return float(total**0.5).hex()


def owner_of(parameters: list[Any]) -> Any:
    """Return the outermost module that has these parameters, None where none has."""
    wanted = {id(each) for each in parameters}
    owners = [module for module in _models() if wanted & {id(each) for each in module.parameters()}]
    inner = {id(child) for module in owners for child in module.children()}
    outer = [module for module in owners if id(module) not in inner]
    return max(outer, key=lambda module: sum(1 for _ in module.modules()), default=None)


def _models() -> Iterator[Any]:
    """Yield the modules of this process."""
    torch = sys.modules.get("torch")
    kind: Any = getattr(getattr(torch, "nn", None), "Module", None)
    if kind is not None:
        yield from (each for each in gc.get_objects() if issubclass(type(each), kind))
