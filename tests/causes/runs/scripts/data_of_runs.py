"""The data of the scripts beside: 26 samples made from a seed of their own, read from files, or labelled with words."""

import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

SAMPLES = 26
WORDS = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis", "jay", "kite", "lark")


class Clouds(Dataset[Any]):  # type: ignore[misc]  # torch is not seen by mypy
    """Points around four centres; some options add noise as samples are asked for."""

    def __init__(self, options: Mapping[str, str]) -> None:
        drawing = torch.Generator().manual_seed(int(options.get("data", "100")))
        self.noise = options.get("augment", "")
        if self.noise == "generator":
            self.generator = np.random.default_rng(int(options["generator"]) if "generator" in options else None)
        self.inputs = torch.randn(SAMPLES, 16, generator=drawing, dtype=torch.float32)
        self.targets = torch.arange(SAMPLES) % 4
        if "folder" in options:
            files = os.listdir(options["folder"])  # noqa: PTH208 - in the order in which the file system has them
            numbers = [int((Path(options["folder"]) / name).read_text("utf-8")) for name in files]
            self.inputs = self.inputs[numbers]
        if "words" in options:
            known = {word: number for number, word in enumerate(set(WORDS))}
            self.targets = torch.tensor([known[WORDS[place % 12]] % 4 for place in range(SAMPLES)])
        if "mixed" in options:
            self.inputs = self.inputs + {"numpy": np.random.rand, "python": random.random}[options["mixed"]]()
        if "normalise" in options:
            part = self.inputs[: int(options["normalise"])]
            self.inputs = normalise(part.mean().item(), part.std().item())(self.inputs)
        if "scale" in options:
            part = self.inputs[: int(options["scale"])]
            self.inputs = (self.inputs - part.mean(dim=0)) / part.std(dim=0)

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        noise: Any = {"numpy": np.random.rand, "python": random.random, "torch": torch.rand}.get(self.noise)
        if self.noise == "generator":
            noise = self.generator.random
        if noise is None:
            return self.inputs[index], self.targets[index]
        drawn: Any = noise(1) if self.noise == "torch" else noise()
        return self.inputs[index] + float(drawn), self.targets[index]


def normalise(mean: float, std: float) -> Any:
    """Return torchvision's transform, or one that stands in for it."""
    sys.path.append(str(Path(__file__).parent / "standing_in"))
    from torchvision.transforms.transforms import Normalize

    return Normalize([mean], [std])


class Skipping(torch.utils.data.Sampler[list[int]]):  # type: ignore[misc]  # torch is not seen by mypy
    """The batches of an epoch but the first: where a run that was interrupted goes on."""

    def __init__(self, seed: int, skipped: int) -> None:
        order = torch.randperm(SAMPLES, generator=torch.Generator().manual_seed(seed)).tolist()
        self.batches = [order[start : start + 4] for start in range(0, SAMPLES, 4)][skipped:]

    def __iter__(self) -> Any:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class InTurn(torch.utils.data.Sampler[int]):  # type: ignore[misc]  # torch is not seen by mypy
    """Another order for each epoch, which its number alone decides."""

    epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Any:
        return iter(torch.randperm(SAMPLES, generator=torch.Generator().manual_seed(self.epoch)).tolist())

    def __len__(self) -> int:
        return SAMPLES


def loader(options: Mapping[str, str], epoch: int, skipped: int) -> Any:
    """Return the loader of an epoch; one that can go on within it where the run is resumed, or will be."""
    data = Clouds(options)
    if {"save", "resume"} & set(options) and "at" not in options:
        drawing = torch.Generator().manual_seed(epoch)
        return DataLoader(data, batch_sampler=Skipping(epoch, skipped), generator=drawing)
    if "at" in options:
        return DataLoader(data, batch_size=4, sampler=InTurn(), generator=torch.Generator().manual_seed(0))
    own = torch.Generator().manual_seed(int(options["loader-seed"]) + epoch) if "loader-seed" in options else None
    return DataLoader(
        data,
        batch_size=int(options.get("batch", "4")),
        shuffle=options.get("shuffle") != "no",
        num_workers=int(options.get("workers", "0")),
        drop_last="drop-last" in options,
        generator=own,
        worker_init_fn=same_for_all if options.get("worker-init") == "constant" else None,
    )


def same_for_all(_worker: int) -> None:
    np.random.seed(0)  # noqa: NPY002 - as people do
