"""Occlusion check: does a model rely on the body or on the background?"""

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from resistor_cls.errors import ModelError
from resistor_cls.evaluation import OcclusionResult, Predictions
from resistor_cls.inference.batches import predict_batches
from resistor_cls.inference.checks.bodies import body_mask, known_bodies
from resistor_cls.inference.checks.occlusion_fill import paint_background, paint_body
from resistor_cls.inference.checks.saliency import saliency_maps, share_on
from resistor_cls.model.torch_network import TorchNetwork

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork

# Photos whose saliency is measured: the mean share on the body has a standard error of 0.02.
MAX_MEASURED = 256


def check_occlusion(
    model: "ResistorNetwork",
    data: "PhotoDataModule",
    predictions: Predictions,
    saliency: bool = True,
) -> OcclusionResult | None:
    """Predicts again with the body, and with everything else, painted over.

    Args:
        model: that predicted.
        data: the photos.
        predictions: of the model.
        saliency: whether the share of the saliency on the body is measured too.

    Returns:
        None where no body is known.
    """
    known_by, count = known_bodies(data, predictions), len(predictions.names)
    if not known_by:
        return None
    occluded = []
    for paint in (paint_body, paint_background):
        painted = (
            paint(data.photo(int(predictions.indices[place])), body_mask(data, predictions, place))
            for place in known_by
        )
        predicted = np.full(count, -1)
        predicted[list(known_by)] = np.concatenate(
            [likely.argmax(axis=1) for likely, _ in predict_batches(TorchNetwork(model), painted)]
        )
        occluded.append(predicted)
    on_body, area = np.full(count, np.nan), np.full(count, np.nan)
    if saliency:
        # Boxes alone: the detector is a part of what is checked, and may be wrong.
        boxed = np.array([place for place, how in known_by.items() if how == "box"], dtype=int)
        chosen = np.sort(np.random.default_rng(0).permutation(boxed)[:MAX_MEASURED])
        with suppress(ModelError):  # a backbone without feature maps; the galleries warn of it
            for place, saliency_map in saliency_maps(model, data, predictions, chosen):
                mask = body_mask(data, predictions, place)
                on_body[place], area[place] = share_on(saliency_map, mask), mask.mean()
    return OcclusionResult(on_body, area, *occluded)
