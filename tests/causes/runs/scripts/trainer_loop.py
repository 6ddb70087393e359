"""The same training with the Trainer of transformers; words in TRY turn one thing each, as in the plain loop beside."""

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


class Saying(TrainerCallback):  # type: ignore[misc]  # transformers is not seen by mypy
    """Says what each step made of the parameters."""

    def on_step_end(self, _arguments: Any, state: Any, _control: Any, **named: Any) -> None:
        sys.stdout.write(f"{state.global_step} - {nets_of_runs.digest(named['model'])}\n")


def main() -> None:
    set_switches()
    number = int(TRY.get("seed", "0"))
    if "seed-late" not in TRY and "seed-torch" not in TRY:
        set_seed(number)
        seed()
    model = Classifier()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True, num_train_epochs=2,
            logging_strategy="no", per_device_train_batch_size=int(TRY.get("batch", "4")), seed=number,
            data_seed=int(TRY["loader-seed"]) if "loader-seed" in TRY else None,
            dataloader_drop_last="drop-last" in TRY, dataloader_num_workers=int(TRY.get("workers", "0")),
            max_grad_norm=float(TRY.get("clip", "0")), bf16="autocast" in TRY,
        )  # fmt: skip
        trainer = Trainer(
            model=model, args=arguments, train_dataset=Named(TRY), callbacks=[Saying()],
            optimizers=(nets_of_runs.optimizer_for(model, TRY), None),
        )  # fmt: skip
        draw(0)
        trainer.train()


if __name__ == "__main__":
    main()
