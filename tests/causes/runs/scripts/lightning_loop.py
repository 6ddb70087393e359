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

KEPT = {"optimizer": "optimizer_states", "scheduler": "lr_schedulers"}


class Training(lightning.LightningModule):  # type: ignore[misc]  # lightning is not seen by mypy
    """A net that learns the data beside."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nets_of_runs.build(TRY)
        self.computed = torch.compile(self.net) if "compile" in TRY else self.net
        self.restored: Any = None

    def on_train_start(self) -> None:
        if TRY.get("eval") == "once":
            self.net.eval()

    def on_train_epoch_start(self) -> None:
        if TRY.get("reseed") == "yes" or (TRY.get("reseed") == "later" and self.current_epoch):
            torch.manual_seed(0)

    def on_train_batch_start(self, *_: Any) -> None:
        if self.restored is not None:
            torch.set_rng_state(self.restored)
            self.restored = None

    def training_step(self, batch: Any, _place: int) -> torch.Tensor:
        draw(self.global_step + 1)
        if TRY.get("eval") == "yes":
            self.net.eval()
        inputs, targets = batch
        outputs = self.computed(inputs.to(next(self.net.parameters()).dtype)) / 1.0
        smoothing = float(TRY.get("smoothing", "0"))
        return torch.nn.functional.cross_entropy(outputs, targets, label_smoothing=smoothing)

    def on_before_backward(self, _loss: Any) -> None:
        if "clip-first" in TRY:
            torch.nn.utils.clip_grad_norm_(self.parameters(), float(TRY["clip"]))

    def on_train_batch_end(self, outputs: Any, *_: Any) -> None:
        loss = outputs["loss"].item().hex()
        sys.stdout.write(f"{self.global_step} {loss} {nets_of_runs.digest(self.net)}\n")
        if str(self.global_step) == TRY.get("at"):
            self.trainer.save_checkpoint(TRY["save"])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["rng"] = torch.get_rng_state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if TRY["without"] in KEPT:
            checkpoint[KEPT[TRY["without"]]] = []
        if TRY["without"] != "rng":
            self.restored = checkpoint["rng"]

    def configure_optimizers(self) -> Any:
        optimizer = nets_of_runs.optimizer_for(self.net, TRY)
        if "schedule" not in TRY:
            return optimizer
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

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
    clip = float(TRY["clip"]) if "clip" in TRY and "clip-first" not in TRY else None
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, gradient_clip_val=clip,
        precision="bf16-mixed" if "autocast" in TRY else "32-true",
    )  # fmt: skip
    trainer.fit(model, data_of_runs.loader(TRY, 0, 0), ckpt_path=TRY.get("resume"), weights_only=False)


if __name__ == "__main__":
    main()
