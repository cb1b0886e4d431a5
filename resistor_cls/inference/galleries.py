"""Photos beside their predictions, as figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from resistor_cls.data.images.decode import as_rgb
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.figures import gallery_figure, overlay, pairs_figure, saliency_figure
from resistor_cls.inference.checks.saliency import saliency_maps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model import ResistorNetwork

PER_SIDE = 3  # photos on either side of a confused pair


@dataclass(frozen=True)
class Galleries:
    """Draws photos beside their predictions.

    Attributes:
        data: the photos.
        predictions: of the photos.
        title: above every figure.
        size: photos of each gallery, at most.
    """

    data: "PhotoDataModule"
    predictions: Predictions
    title: str
    size: int

    @cached_property
    def chosen(self) -> dict[str, np.ndarray]:
        """`best`, `worst` and `random` → positions in `predictions`."""
        order = np.argsort(self.predictions.losses, kind="stable")
        return {
            "best": order[: self.size],
            "worst": order[::-1][: self.size],
            "random": np.random.default_rng(0).permutation(len(order))[: self.size],
        }

    def figures(self) -> dict[str, "Figure"]:
        """The best, the worst and random predictions."""
        return {
            f"predictions_{name}": gallery_figure(
                self._photos(places),
                self._captions(places),
                self.predictions.right[places].tolist(),
                f"{self.title}: {name} predictions",
            )
            for name, places in self.chosen.items()
        }

    def confused_pairs(self, pairs: Sequence[Mapping[str, Any]]) -> "Figure":
        """Confused photos, beside right ones of the category that was predicted.

        Args:
            pairs: see `resistor_cls.evaluation.confused_pairs`.
        """
        predictions = self.predictions
        place_of = {name: place for place, name in enumerate(predictions.names)}
        rows = []
        for pair in pairs:
            other = predictions.categories.index(pair["prediction"])
            right = np.flatnonzero(predictions.right & (predictions.targets == other))
            wrong = np.array([place_of[name] for name in pair["names"]])
            rows.append(
                (
                    f"{pair['label']} read as {pair['prediction']}: {pair['photos']}",
                    self._photos(wrong[:PER_SIDE]),
                    f"right ones of {pair['prediction']}",
                    self._photos(right[:PER_SIDE]),
                )
            )
        return pairs_figure(rows, self.title)

    def saliency(
        self, model: "ResistorNetwork"
    ) -> tuple[dict[str, "Figure"], dict[str, np.ndarray]]:
        """Saliency maps of the best and the worst predictions.

        Args:
            model: that predicted.

        Returns:
            Figures; and photo → (rows, columns, 3) uint8 RGB overlaid with its map.

        Raises:
            ModelError: see `resistor_cls.inference.checks.saliency.saliency`.
        """
        figures: dict[str, Figure] = {}
        overlays: dict[str, np.ndarray] = {}
        for name in ("best", "worst"):
            places = self.chosen[name]
            maps = dict(saliency_maps(model, self.data, self.predictions, places))
            photos = self._photos(places)
            figures[f"saliency_{name}"] = saliency_figure(
                photos,
                [maps[place] for place in places],
                self._captions(places),
                self.predictions.right[places].tolist(),
            )
            overlays |= {
                self.predictions.names[place]: overlay(photo, maps[place])
                for place, photo in zip(places, photos, strict=True)
            }
        return figures, overlays

    def _photos(self, places: np.ndarray) -> list[np.ndarray]:
        indices = self.predictions.indices[places]
        return [as_rgb(self.data.photo(int(index))) for index in indices]

    def _captions(self, places: np.ndarray) -> list[str]:
        rows = self.predictions.select(places).table().to_dict("records")
        return [
            f"{row['label']}\nread as {row['prediction']} ({row['probability']:.0%})\n"
            f"loss {row['loss']:.3f}"
            for row in rows
        ]
