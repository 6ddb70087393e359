"""Train with Lightning, or with the Trainer of transformers, and print the bits that came of it."""

import sys
import tempfile
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset


def with_lightning() -> Any:
    """Fit a module, with a validation."""
    import lightning

    class Net(lightning.LightningModule):  # type: ignore[misc]  # torch is Any here
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Dropout(0.1), torch.nn.Linear(16, 2))

        def training_step(self, batch: Any, _: int) -> Any:
            return torch.nn.functional.cross_entropy(self.inner(batch[0]), batch[1])

        def validation_step(self, batch: Any, _: int) -> None:
            self.log("loss", torch.nn.functional.cross_entropy(self.inner(batch[0]), batch[1]))

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=0.01)

    lightning.seed_everything(3, verbose=False)
    net, data = Net(), TensorDataset(torch.randn(24, 8), torch.randint(0, 2, (24,)))
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, gradient_clip_val=0.5,
    )  # fmt: skip
    trainer.fit(net, DataLoader(data, batch_size=8, shuffle=True), DataLoader(data, batch_size=8))
    return net


class Texts(Dataset[Any]):  # type: ignore[misc]  # torch is Any here
    """Made texts."""

    def __len__(self) -> int:
        """Return how many."""
        return 12

    def __getitem__(self, place: int) -> dict[str, Any]:
        """Return one."""
        words = torch.arange(10) * (place + 1) % 32
        return {"input_ids": words, "labels": words}


def with_transformers() -> Any:
    """Train a small GPT-2, with accumulation and an evaluation."""
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed

    set_seed(3)
    net = GPT2LMHeadModel(GPT2Config(vocab_size=32, n_positions=16, n_embd=16, n_layer=1, n_head=2))
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, per_device_train_batch_size=2, max_steps=6, report_to=[], use_cpu=True,
            save_strategy="no", disable_tqdm=True, logging_steps=100, eval_strategy="epoch",
        )  # fmt: skip
        trainer = Trainer(model=net, args=arguments, train_dataset=Texts(), eval_dataset=Texts())
        trainer.log = lambda *_, **__: None
        trainer.train()
    return net


net = {"lightning": with_lightning, "transformers": with_transformers}[sys.argv[1]]()
for name, each in net.state_dict().items():
    sys.stdout.write(f"{name} {each.double().sum().item().hex()}\n")
sys.stdout.write(f"{torch.get_rng_state().sum().item()}\n")
