"""The Lightning script that most people write: ImageFolder, PIL, torchvision, float32."""

from pathlib import Path
from typing import Any

import timm
import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

# Of ImageNet, as examples have them.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PlainClassifier(LightningModule):
    """A timm network trained by cross-entropy."""

    def __init__(self, backbone: str, categories: int) -> None:
        super().__init__()
        self.network = timm.create_model(backbone, pretrained=False, num_classes=categories)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """The loss of a batch."""
        photos, targets = batch
        loss = cross_entropy(self.network(photos), targets)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW as it is."""
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


def photos_of(folder: Path, size: int) -> DataLoader[Any]:
    """Batches of 32 photos, decoded and augmented in every epoch by a process for each core."""
    steps = transforms.Compose(
        [
            transforms.Resize((size, size)),
            transforms.RandomHorizontalFlip(),
            transforms.RandomRotation(15),
            transforms.ColorJitter(0.1, 0.1),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    dataset = ImageFolder(folder, steps)
    return DataLoader(dataset, batch_size=32, shuffle=True, num_workers=2, drop_last=True)


def train(
    backbone: str, photos: Path, size: int, *, steps: int, clock: Callback, out: Path
) -> None:
    """Trains some steps on the CPU."""
    loader = photos_of(photos, size)
    model = PlainClassifier(backbone, len(loader.dataset.classes))
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, limit_train_batches=steps, callbacks=[clock],
        default_root_dir=out, enable_checkpointing=False,
    )  # fmt: skip
    trainer.fit(model, loader)
