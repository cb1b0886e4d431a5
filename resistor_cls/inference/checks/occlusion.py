"""Occlusion check: does a model rely on the body or on the background?"""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from resistor_cls.errors import ModelError
from resistor_cls.evaluation import OcclusionResult, Predictions
from resistor_cls.inference.batches import BATCH, batched, predict_batches
from resistor_cls.inference.checks.bodies import body_mask
from resistor_cls.inference.checks.occlusion_fill import paint_background, paint_body
from resistor_cls.inference.checks.saliency import saliency_maps, share_on
from resistor_cls.inference.in_order import mapped_in_order
from resistor_cls.model.torch_network import TorchNetwork

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork

_PAINTS = (paint_body, paint_background)
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
    count = len(predictions.names)
    known_by: dict[int, str] = {}
    occluded = [np.full(count, -1) for _ in _PAINTS]
    for group in batched(_painted(data, predictions)):
        known_by |= {one.place: one.known_by for one in group}
        places = [one.place for one in group]
        for number, predicted in enumerate(occluded):
            photos = (one.photos[number] for one in group)
            ((likely, _),) = predict_batches(TorchNetwork(model), photos)
            predicted[places] = likely.argmax(axis=1)
    if not known_by:
        return None
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


class _Painted(NamedTuple):
    """A photo whose body is known, painted over in each of the `_PAINTS`."""

    place: int
    known_by: str
    photos: list[np.ndarray]


def _painted(data: "PhotoDataModule", predictions: Predictions) -> Iterator[_Painted]:
    """Photos whose body is known and visible, in their order; painted by all cores."""

    def paint(place: int) -> _Painted | None:
        index = int(predictions.indices[place])
        body = data.body(index)
        if body is None or not body.pixels.any():
            return None
        photo = data.photo(index)
        return _Painted(place, body.known_by, [one(photo, body.pixels) for one in _PAINTS])

    places = range(len(predictions.names))
    return (one for _, one in mapped_in_order(paint, places, 2 * BATCH) if one is not None)
