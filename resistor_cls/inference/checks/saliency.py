"""What in a photo speaks for a category, by Grad-CAM.

Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization". A map is as coarse as the features that it weighs: a pixel of it is 32 of the photo
in most convolutional nets, a patch in transformers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from resistor_cls.model.backbone import saliency_layer
from resistor_cls.model.network import ResistorNetwork


def saliency(model: ResistorNetwork, photos: Tensor, targets: Tensor) -> Tensor:
    """Where in each photo the evidence for a category lies.

    The photo is judged as it is, without the other views that a model may average, in the state
    that it is used in: no dropout, fixed statistics.

    Args:
        model: a classifier; it is left as it was.
        photos: (batch, 3, height, width) float32 in [0, 1]; each was preprocessed.
        targets: (batch,) class index that is asked about, of each.

    Returns:
        (batch, height, width) float32 in [0, 1] on the model's device. The most telling place of
        each photo is 1; a photo in which nothing speaks for its target is 0 everywhere.

    Raises:
        ModelError: a backbone that makes no map of features.
    """
    # Takes over a second to import, and few commands look.
    from pytorch_grad_cam import GradCAM, GradCAMElementWise
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    device, backbone = model.device, model.backbone
    layer = saliency_layer(backbone)
    # Grad-CAM gives a channel one weight for all places. A class token attends to few of them, and
    # the others turn that mean round: of ten small transformers that had learned to see a bright
    # square, it pointed to the square in two, and with weights of each place in all ten.
    method = GradCAM if layer.even else GradCAMElementWise
    with torch.no_grad():
        seen = model.preprocessing(photos.to(device))
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        # As validation judges.
        torch.autocast(device.type, enabled=False),
        _left_as_it_was(backbone),
    ):
        seen = seen.clone().requires_grad_()  # the weights have no gradient meanwhile
        cam = method(backbone, [layer.module], layer.to_maps)
        try:  # its own context swallows an IndexError
            heat = cam(seen, [ClassifierOutputTarget(target) for target in targets.tolist()])
        finally:
            cam.activations_and_grads.release()
    maps = torch.from_numpy(np.asarray(heat, np.float32)).to(device)
    if maps.shape[-2:] != photos.shape[-2:]:
        size = photos.shape[-2:]
        maps = interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    # To 1: the library does so too, but for maps of tiny gradients.
    top = maps.amax((1, 2), keepdim=True)
    return maps / top.where(top > 0, 1)


def share_on(heat: np.ndarray, pixels: np.ndarray) -> float:
    """How much of a photo's saliency lies on some pixels.

    Saliency without any knowledge has their share of the photo, and coarse maps smear: compare
    with that share, and among maps of one net.

    Args:
        heat: (height, width), 0 or more.
        pixels: (height, width) bool.

    Returns:
        0 to 1; nan where there is no saliency, or no such pixel.
    """
    total = float(heat.sum())
    return float(heat[pixels].sum()) / total if total > 0 and pixels.any() else float("nan")


@contextmanager
def _left_as_it_was(net: nn.Module) -> Iterator[None]:
    """Takes the gradient from the weights of a net; gives back modes and gradients at the end."""
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
