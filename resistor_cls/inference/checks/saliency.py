"""Saliency maps: which parts of a photo are evidence for a category, by Grad-CAM.

Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization". A map is as coarse as the features that it weighs: a pixel of it covers 32 pixels of
the photo in most convolutional nets, a patch in transformers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from resistor_cls.evaluation import Predictions
from resistor_cls.inference.batches import batched
from resistor_cls.model.backbone import saliency_layer
from resistor_cls.model.torch_network import as_batch

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork


def saliency_maps(
    model: "ResistorNetwork", data: "PhotoDataModule", predictions: Predictions, chosen: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """Saliency maps of the categories that were predicted.

    Args:
        model: that predicted.
        data: the photos.
        predictions: of the model.
        chosen: positions in `predictions`.

    Yields:
        A position, and its saliency map (rows, columns) float32 in [0, 1].

    Raises:
        ModelError: see `saliency`.
    """
    for places in batched(chosen.tolist()):
        photos = [data.photo(int(predictions.indices[place])) for place in places]
        targets = torch.from_numpy(predictions.predicted[list(places)])
        maps = saliency(model, as_batch(photos, model.device), targets)
        yield from zip(places, maps.cpu().numpy(), strict=True)


def saliency(model: "ResistorNetwork", photos: Tensor, targets: Tensor) -> Tensor:
    """Where in each photo the evidence for a category is.

    The photo is evaluated as it is, without test-time augmentation and in eval mode: no dropout,
    fixed statistics.

    Args:
        model: a classifier; it is left as it was.
        photos: (batch, 3, height, width) float32 in [0, 1]; each was preprocessed.
        targets: (batch,) class index whose evidence is mapped.

    Returns:
        (batch, height, width) float32 in [0, 1] on the model's device. The maximum of each photo is
        1; a photo without evidence for its target is 0 everywhere.

    Raises:
        ModelError: a backbone without feature maps.
    """
    # Takes over a second to import, and few commands need it.
    from pytorch_grad_cam import GradCAM, GradCAMElementWise
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    device, backbone = model.device, model.backbone
    layer = saliency_layer(backbone)
    # Grad-CAM gives a channel one weight for all places. A class token attends to few of them, and
    # the others reverse the sign of that mean: of ten small transformers that had learned to detect
    # a bright square, it pointed to the square in two, and with a weight for each place in all ten.
    method = GradCAM if layer.even else GradCAMElementWise
    with torch.no_grad():
        preprocessed = model.preprocessing(photos.to(device))
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        # As in validation.
        torch.autocast(device.type, enabled=False),
        _restored(backbone),
    ):
        preprocessed = (
            preprocessed.clone().requires_grad_()
        )  # the weights have no gradient meanwhile
        cam = method(backbone, [layer.module], layer.to_maps)
        try:  # its own context swallows an IndexError
            maps = cam(
                preprocessed, [ClassifierOutputTarget(target) for target in targets.tolist()]
            )
        finally:
            cam.activations_and_grads.release()
    maps = torch.from_numpy(np.asarray(maps, np.float32)).to(device)
    if maps.shape[-2:] != photos.shape[-2:]:
        size = photos.shape[-2:]
        maps = interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    # Scaled to 1: the library does so too, except for maps of tiny gradients.
    maximum = maps.amax((1, 2), keepdim=True)
    return maps / maximum.where(maximum > 0, 1)


def share_on(saliency_map: np.ndarray, mask: np.ndarray) -> float:
    """The share of a photo's saliency on some pixels.

    Uninformed saliency has the share of the photo that the pixels cover, and coarse maps blur:
    compare with that share, and among maps of one backbone.

    Args:
        saliency_map: (height, width), 0 or more.
        mask: (height, width) bool, the pixels.

    Returns:
        0 to 1; nan where there is no saliency, or no such pixel.
    """
    total = float(saliency_map.sum())
    if total <= 0 or not mask.any():
        return float("nan")
    return float(saliency_map[mask].sum()) / total


@contextmanager
def _restored(net: nn.Module) -> Iterator[None]:
    """Computes no gradients of the weights; restores modes and gradients at the end."""
    modes = [(module, module.training) for module in net.modules()]
    weights = [(weight, weight.requires_grad, weight.grad) for weight in net.parameters()]
    try:
        net.requires_grad_(False)
        yield
    finally:
        for module, training in modes:
            module.training = training
        for weight, requires_grad, gradient in weights:
            weight.requires_grad_(requires_grad)
            weight.grad = gradient
