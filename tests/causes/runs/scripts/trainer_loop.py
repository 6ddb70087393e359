"""The same training with the Trainer of transformers; words in TRY turn one thing each, as in the plain loop beside."""

import os
import shutil
import sys
import tempfile
import warnings
from typing import Any

import data_of_runs
import nets_of_runs
import torch
from plain_loop import TRY, draw, seed, set_switches
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

warnings.filterwarnings("ignore")

FILES = {"optimizer": "optimizer.pt", "rng": "rng_state.pth"}


class Named(data_of_runs.Clouds):
    """The data, with names as the Trainer asks for."""

    def __getitem__(self, index: int) -> Any:
        inputs, targets = super().__getitem__(index)
        return {"inputs": inputs, "labels": targets}


class Classifier(torch.nn.Module):  # type: ignore[misc]  # torch is not seen by mypy
    """A net that gives its loss, as the Trainer asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nets_of_runs.build(TRY)
        self.steps = 0

    def forward(self, inputs: torch.Tensor, labels: torch.Tensor) -> Any:
        self.steps += 1
        draw(self.steps)
        if "eval" in TRY:
            self.net.eval()
        outputs = self.net(inputs.to(next(self.net.parameters()).dtype)) / 1.0
        smoothing = float(TRY.get("smoothing", "0"))
        loss = torch.nn.functional.cross_entropy(outputs, labels, label_smoothing=smoothing)
        return {"loss": loss, "logits": outputs}


class Loading(Trainer):  # type: ignore[misc]  # transformers is not seen by mypy
    """A Trainer with an order of its own, or workers that are set up otherwise."""

    def _get_train_sampler(self, *given: Any) -> Any:
        if TRY.get("shuffle") == "no":
            return torch.utils.data.SequentialSampler(self.train_dataset)
        return super()._get_train_sampler(*given)

    def get_train_dataloader(self) -> Any:
        loader = super().get_train_dataloader()
        if TRY.get("worker-init") == "constant":
            loader.base_dataloader.worker_init_fn = data_of_runs.same_for_all
        return loader


class Training(TrainerCallback):  # type: ignore[misc]  # transformers is not seen by mypy
    """What a script adds to the Trainer's loop; it says what each step made of the parameters."""

    def __init__(self) -> None:
        self.schedule: Any = None

    def on_train_begin(self, *_: Any, optimizer: Any = None, **__: Any) -> None:
        if "schedule" in TRY:
            torch_optimizer = getattr(optimizer, "optimizer", optimizer)
            self.schedule = torch.optim.lr_scheduler.LambdaLR(torch_optimizer, lambda step: 1 / (1 + step))

    def on_epoch_begin(self, _arguments: Any, state: Any, _control: Any, **_: Any) -> None:
        if TRY.get("reseed") == "yes" or (TRY.get("reseed") == "later" and state.global_step):
            torch.manual_seed(0)

    def on_step_begin(self, *_: Any, model: Any = None, **__: Any) -> None:
        if "clip-first" in TRY:
            torch.nn.utils.clip_grad_norm_(model.parameters(), float(TRY["clip"]))

    def on_pre_optimizer_step(self, *_: Any, model: Any = None, **__: Any) -> None:
        if "clip" in TRY and "clip-first" not in TRY:
            torch.nn.utils.clip_grad_norm_(model.parameters(), float(TRY["clip"]))

    def on_step_end(self, _arguments: Any, state: Any, _control: Any, **named: Any) -> None:
        if self.schedule is not None:
            self.schedule.step()
        sys.stdout.write(f"{state.global_step} - {nets_of_runs.digest(named['model'])}\n")


def main() -> None:
    set_switches()
    number = int(TRY.get("seed", "0"))
    if "seed-late" not in TRY:
        if not {"seed-numpy", "seed-python"} & set(TRY):
            set_seed(number)
        seed()
    data, model = Named(TRY), Classifier()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Loading(
            model=model, args=arguments_for(folder, number), train_dataset=data, callbacks=[Training()],
            optimizers=(nets_of_runs.optimizer_for(model, TRY), None),
        )  # fmt: skip
        draw(0)
        trainer.train(resume_from_checkpoint=checkpoint_in(folder))


def arguments_for(folder: str, number: int) -> TrainingArguments:
    saves = "save" in TRY and "resume" not in TRY
    return TrainingArguments(
        output_dir=TRY["save"] if saves else folder, use_cpu=True, report_to=[], disable_tqdm=True, num_train_epochs=2,
        save_strategy="steps" if saves else "no", save_steps=3, logging_strategy="no", seed=number,
        per_device_train_batch_size=int(TRY.get("batch", "4")), ignore_data_skip=TRY.get("without") == "position",
        data_seed=int(TRY["loader-seed"]) if "loader-seed" in TRY else None, torch_compile="compile" in TRY,
        dataloader_drop_last="drop-last" in TRY, dataloader_num_workers=int(TRY.get("workers", "0")),
        max_grad_norm=0, bf16="autocast" in TRY,
        lr_scheduler_type="constant" if {"constant", "schedule"} & set(TRY) else "linear",
    )  # fmt: skip


def checkpoint_in(folder: str) -> str | None:
    """Return a copy of the checkpoint of step 3, without what this run is told to go on without."""
    if "resume" not in TRY:
        return None
    copy = os.path.join(folder, "checkpoint-3")  # noqa: PTH118 - as people do
    shutil.copytree(os.path.join(TRY["resume"], "checkpoint-3"), copy)  # noqa: PTH118
    if TRY.get("without") in FILES:
        os.remove(os.path.join(copy, FILES[TRY["without"]]))  # noqa: PTH107, PTH118
    return copy


if __name__ == "__main__":
    main()
