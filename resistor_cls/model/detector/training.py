"""Trains the detector on synthetic photos that are generated meanwhile, and on no real one."""

import copy
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset

from resistor_cls.model.detector.network import Detector, encode
from resistor_cls.model.detector.views import Batch, BoxedViews, SyntheticViews

log = logging.getLogger(__name__)

# Cells with a higher target than this are trained on the geometry: those round the peak may win it.
_TRAINS_GEOMETRY = 0.3


class _Alternating(Dataset[Batch]):
    """Items of several data sets, one after the other."""

    def __init__(self, *sets: Dataset[Batch]) -> None:
        self._sets = sets

    def __len__(self) -> int:
        return len(self._sets[0])  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> Batch:
        return self._sets[index % len(self._sets)][index]


def detector_loss(net: Detector, views: Tensor, bodies: Tensor) -> dict[str, Tensor]:
    """The error of the network's predictions.

    Args:
        net: in training mode.
        views: (batch, 3, size, size) float32 in [0, 1].
        bodies: (batch, 6) as `encode` takes them.

    Returns:
        `peak`: focal loss of the heatmap (Zhou et al. 2019, equation 1) for each view; `place` in
        cells, `axis` and `shape`: absolute errors of the geometry, weighted by the target heatmap.
    """
    logits, predicted = net(views)
    logits, predicted = logits.float(), predicted.float()
    heatmap, geometry = encode(bodies, views.shape[-1])
    score = logits.sigmoid()
    hit = (1 - score) ** 2 * nn.functional.logsigmoid(logits)
    miss = (1 - heatmap) ** 4 * score**2 * nn.functional.logsigmoid(-logits)
    peak = -torch.where(heatmap == 1, hit, miss).sum() / len(views)
    weight = heatmap * (heatmap > _TRAINS_GEOMETRY)
    away = ((predicted - geometry).abs() * weight[:, None]).sum(dim=(0, 2, 3)) / weight.sum().clamp(
        1
    )
    return {"peak": peak, "place": away[:2].sum(), "axis": away[2:4].sum(), "shape": away[4:].sum()}


# So that each of the four counts about as much at the end of training.
_WEIGHTS = {"peak": 1.0, "place": 0.7, "axis": 0.7, "shape": 2.0}


def train_detector(
    steps: int,
    *,
    batch_size: int = 32,
    seed: int = 0,
    workers: int = 1,
    learning_rate: float = 3e-3,
    precision: str = "bfloat16",
    start: Detector | None = None,
    photos: str | Path | None = None,
) -> Detector:
    """Trains a detector.

    Args:
        steps: optimizer steps; each generates `batch_size` scenes in a wide and a close view.
        batch_size: scenes a step.
        seed: of the first weights and of the photos.
        workers: processes that generate; 0 generates in this one.
        learning_rate: largest; one cycle of it.
        precision: `bfloat16` is three times as fast where the processor has it; or `float32`.
        start: continues from this one, which is changed; by default from random weights. Take
            another seed then, or it sees the same photos again.
        photos: folder of photos with a `boxes.csv`; every other item is then one of them.

    Returns:
        The network, ready for inference.

    Raises:
        DataError: photos without boxes, or that cannot be read.
    """
    torch.manual_seed(seed)
    views: Dataset[Batch] = SyntheticViews(steps * batch_size, seed)
    if photos is not None:
        guide = Detector.load() if start is None else copy.deepcopy(start).eval()
        views = _Alternating(views, BoxedViews(Path(photos), guide, steps * batch_size, seed))
    before = start.metadata if start else None
    net = start or Detector()
    net.train()
    optimizer = AdamW(net.parameters(), lr=learning_rate, weight_decay=1e-2)
    schedule = OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=0.15)
    begun, sums = time.monotonic(), dict.fromkeys(_WEIGHTS, 0.0)
    for step, batch in enumerate(_batches(views, batch_size, workers), start=1):
        optimizer.zero_grad()
        for name in ("wide", "close"):
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                parts = detector_loss(net, batch[name].float().div(255), batch[f"{name}_body"])
            torch.stack([_WEIGHTS[key] * value for key, value in parts.items()]).sum().backward()
            for key, value in parts.items():
                sums[key] += value.item() / 2
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps:
            means = [f"{key} {value / (step % 100 or 100):.3f}" for key, value in sums.items()]
            spent = time.monotonic() - begun
            log.info("step %d of %d, %.0f s: %s", step, steps, spent, ", ".join(means))
            sums = dict.fromkeys(_WEIGHTS, 0.0)
    net.metadata = {
        "steps": steps, "batch_size": batch_size, "seed": seed, "learning_rate": learning_rate,
        "precision": precision, **({"before": before} if start else {}),
        **({"photos": Path(photos).name} if photos else {}),
    }  # fmt: skip
    return net.eval()


def _batches(views: Dataset[Batch], batch_size: int, workers: int) -> Iterator[Batch]:
    loading: dict[str, Any] = {}
    if workers:
        # "spawn": a fork of a process that has threads, as torch starts them, can hang.
        loading = {"multiprocessing_context": "spawn", "prefetch_factor": 6}
    yield from DataLoader(
        views, batch_size, num_workers=workers, worker_init_fn=_one_core, **loading
    )


def _one_core(_: int) -> None:
    cv2.setNumThreads(1)
