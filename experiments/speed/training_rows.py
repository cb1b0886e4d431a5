"""Training on the CPU: steps and epochs against bare loops, and steps against a plain script."""

import time
from functools import partial

import plain_script
import torch
from assembled import (
    WARM_UP,
    Assembled,
    EpochClock,
    StepClock,
    assembled,
    synthetic_photos,
    tracked_run,
    trainer_of,
    wait_for,
)
from frame import Measured, Options, in_turns
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

from resistor_cls.model import fit
from resistor_cls.model.training.trainer import pick_precision
from resistor_cls.tracking import Run

BATCH = 32
AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
# Backbone of timm and side in pixels; the options of `model` are called like them.
NETS = {"resnet18": ("resnet18.a1_in1k", 128), "resnet50": ("resnet50.a1_in1k", 224)}


class BareLoop:
    """Forward, backward and step on one repeated batch, without anything else.

    Args:
        network: (batch, 3, height, width) float32 → logits.
        shape: (height, width) of the photos.
        device: `cpu` or `cuda`.
        batch: photos of a batch.
        compiled: compile the network.
    """

    def __init__(
        self,
        network: nn.Module,
        shape: tuple[int, int],
        device: str = "cpu",
        batch: int = BATCH,
        compiled: bool = False,
    ) -> None:
        network = network.to(device, memory_format=torch.channels_last).train()
        self.network = torch.compile(network) if compiled else network
        self.photos = torch.rand(batch, 3, *shape, device=device)
        self.photos = self.photos.to(memory_format=torch.channels_last)
        self.targets = torch.arange(batch, device=device) % 37
        parameters = network.parameters()
        self.optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.0, fused=True)
        self.device = torch.device(device)
        self.kind = AUTOCAST.get(pick_precision(device))

    def autocast(self) -> torch.autocast:
        """In the precision that the package picks."""
        return torch.autocast(self.device.type, dtype=self.kind, enabled=self.kind is not None)

    def step(self) -> None:
        """One training step."""
        with self.autocast():
            logits: Tensor = self.network(self.photos)
        wanted = one_hot(self.targets, logits.shape[1]).float()
        loss = binary_cross_entropy_with_logits(logits.float(), wanted)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def seconds(self, steps: int) -> float:
        """Of some steps, after the first ones."""
        for _ in range(WARM_UP):
            self.step()
        wait_for(self.device)
        began = time.perf_counter()
        for _ in range(steps):
            self.step()
        wait_for(self.device)
        return time.perf_counter() - began


def package_rate(run: Run, parts: Assembled, steps: int, batch: int) -> float:
    """Photos per second of training steps by the trainer, data module and logger of `train`."""
    clock = StepClock(steps)
    limits = {"limit_train_batches": WARM_UP + steps, "limit_val_batches": 0}
    options = {"max_epochs": 1, "save_best": False, **limits}
    trainer = trainer_of(run, parts, clock, fills_run=False, **options)
    fit(trainer, parts.make_model(parts.data.categories.names), parts.data)
    return steps * batch / clock.seconds


def steps(net: str, reference: str, options: Options) -> Measured:
    """Steps of a network against `bare` or `plain`."""
    backbone, size = NETS[net]
    count = options.count(12 if net == "resnet18" else 5, 2)
    photos = synthetic_photos(options.scratch, options.count(16, 6))
    words = (f"model={net}", f"data.image_size={size}", "model.pretrained=false", "trainer=cpu")
    parts = assembled(photos, options.scratch / "cache", *words)
    parts.data.setup()
    bare = BareLoop(parts.make_model(parts.data.categories.names).network.backbone, (size, size))

    def bare_rate() -> float:
        return count * BATCH / bare.seconds(count)

    def plain_rate() -> float:
        clock = StepClock(count)
        out = options.scratch / "plain"
        plain_script.train(backbone, photos, size, steps=WARM_UP + count, clock=clock, out=out)
        return count * BATCH / clock.seconds

    with tracked_run(options.scratch, f"{net}_{reference}") as run:
        package = partial(package_rate, run, parts, count, BATCH)
        other = bare_rate if reference == "bare" else plain_rate
        return in_turns("photos/s", package, other, options.repeats)


def best_epoch(options: Options) -> Measured:
    """An epoch of `experiment=best` with validation and checkpoints, against its bare parts."""
    photos = synthetic_photos(options.scratch, options.count(40, 6))
    words = ("experiment=best", "data.split=stratified", "trainer=cpu")
    parts = assembled(photos, options.scratch / "cache", *words)
    data = parts.data
    data.setup()
    network = parts.make_model(data.categories.names).network
    trained = len(data.train_indices) // BATCH * BATCH
    bare = BareLoop(network.backbone, data.preprocess.shape)
    validated = torch.rand(BATCH, 3, *data.preprocess.shape)

    def package() -> float:
        clock = EpochClock()
        with tracked_run(options.scratch, f"best_{time.monotonic_ns()}") as run:
            trainer = trainer_of(run, parts, clock, max_epochs=2)
            fit(trainer, parts.make_model(data.categories.names), data)
        return trained / (clock.ends[1] - clock.ends[0])

    def reference() -> float:
        seconds = bare.seconds(trained // BATCH)
        network.eval()
        began = time.perf_counter()
        with torch.inference_mode():
            for _ in range(-(-len(data.validation_indices) // BATCH)):
                network(validated)  # with its four views
        return trained / (seconds + time.perf_counter() - began)

    return in_turns("photos/s", package, reference, options.repeats)


def first_epoch(experiment: str, cache: str, options: Options) -> Measured:
    """Seconds until the end of the first epoch, reading the photos included, over the second's."""
    photos = synthetic_photos(options.scratch, options.count(16, 6))
    words = [f"experiment={experiment}", "data.split=stratified", "trainer=cpu"]
    if experiment == "hydrogen_torch":
        words.append("model.pretrained=false")

    def epochs(place: str) -> list[float]:
        parts = assembled(photos, options.scratch / place, *words)
        clock, began = EpochClock(), time.perf_counter()
        parts.data.setup()
        with tracked_run(options.scratch, f"first_{time.monotonic_ns()}") as run:
            opened = time.perf_counter()
            trainer = trainer_of(run, parts, clock, max_epochs=2)
            fit(trainer, parts.make_model(parts.data.categories.names), parts.data)
        read = opened - began
        return [read + clock.ends[0] - opened, clock.ends[1] - clock.ends[0]]

    def ratio() -> float:
        first, second = epochs(f"cache_{time.monotonic_ns()}" if cache == "cold" else "cache")
        return first / second

    if cache == "warm":
        epochs("cache")
    return in_turns("ratio", ratio, None, options.repeats)
