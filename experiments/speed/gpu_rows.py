"""Training on a GPU; on a machine without one these rows are marked so."""

import time
from functools import partial

import torch
from assembled import EpochClock, assembled, synthetic_photos, tracked_run, trainer_of
from frame import Measured, Options, in_turns
from training_rows import BareLoop, package_rate

from resistor_cls.model import fit

SIZE = 224


def steps(batch: int, options: Options) -> Measured:
    """Steps of ResNet-50 against a bare, compiled loop of the same settings."""
    photos = synthetic_photos(options.scratch, 64)
    words = (
        "model=resnet50", f"data.image_size={SIZE}", f"data.batch_size={batch}",
        "model.pretrained=false", "trainer=gpu",
    )  # fmt: skip
    parts = assembled(photos, options.scratch / "cache", *words)
    parts.data.setup()
    count = min(50, len(parts.data.train_indices) // batch - 2)
    network = parts.make_model(parts.data.categories.names).network.backbone
    bare = BareLoop(network, (SIZE, SIZE), "cuda", batch, compiled=True)
    with tracked_run(options.scratch, f"gpu_{batch}") as run:
        package = partial(package_rate, run, parts, count, batch)
        reference = lambda: count * batch / bare.seconds(count)  # noqa: E731
        return in_turns("photos/s", package, reference, options.repeats)


def recipe(options: Options) -> Measured:
    """Seconds of five epochs of the published recipe on 2,880 photos, validation included."""
    photos = synthetic_photos(options.scratch, options.count(78, 8))
    words = ("experiment=hydrogen_torch", "model.pretrained=false", "trainer=gpu", "seed=0")
    parts = assembled(photos, options.scratch / "cache", *words)
    parts.data.setup()

    def seconds() -> float:
        with tracked_run(options.scratch, f"recipe_{time.monotonic_ns()}") as run:
            trainer = trainer_of(run, parts, EpochClock())
            model = parts.make_model(parts.data.categories.names)
            began = time.perf_counter()
            fit(trainer, model, parts.data)
            torch.cuda.synchronize()
            return time.perf_counter() - began

    return in_turns("s", seconds, None, options.repeats)


def crops(options: Options) -> Measured:
    """Not measured: crops are drawn by the CPU."""
    raise NotImplementedError("there is no generator on a GPU: crops are drawn by the CPU")
