"""The same training with Lightning; words in TRY turn one thing each, as in the plain loop beside."""

import sys
import warnings
from typing import Any

import data_of_runs
import lightning
import nets_of_runs
import torch
from plain_loop import TRY, draw, seed, set_switches

warnings.filterwarnings("ignore")


class Training(lightning.LightningModule):  # type: ignore[misc]  # lightning is not seen by mypy
    """A net that learns the data beside."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nets_of_runs.build(TRY)

    def on_train_start(self) -> None:
        if "eval" in TRY:
            self.net.eval()

    def training_step(self, batch: Any, _place: int) -> torch.Tensor:
        draw(self.global_step + 1)
        inputs, targets = batch
        outputs = self.net(inputs.to(next(self.net.parameters()).dtype)) / 1.0
        smoothing = float(TRY.get("smoothing", "0"))
        return torch.nn.functional.cross_entropy(outputs, targets, label_smoothing=smoothing)

    def on_train_batch_end(self, outputs: Any, *_: Any) -> None:
        loss = outputs["loss"].item().hex()
        sys.stdout.write(f"{self.global_step} {loss} {nets_of_runs.digest(self.net)}\n")

    def configure_optimizers(self) -> Any:
        return nets_of_runs.optimizer_for(self.net, TRY)

    def optimizer_zero_grad(self, *arguments: Any) -> None:
        if "no-zero" not in TRY:
            super().optimizer_zero_grad(*arguments)


def main() -> None:
    set_switches()
    if "seed-late" not in TRY:
        seed()
    model = Training()
    if "seed-late" in TRY:
        seed()
    draw(0)
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, gradient_clip_val=float(TRY["clip"]) if "clip" in TRY else None,
        precision="bf16-mixed" if "autocast" in TRY else "32-true",
    )  # fmt: skip
    trainer.fit(model, data_of_runs.loader(TRY, 0, 0))


if __name__ == "__main__":
    main()
