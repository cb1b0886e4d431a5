"""What a reader of colour bands reports: log-probabilities of bands, direction and wattage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.colour_code import DIGITS

# Classes of one slot. "none" stands behind the last band of a part with fewer than six.
BANDS = (*DIGITS, "gold", "silver", "none")
MAX_BANDS = 6
# Power ratings that the look of a body tells apart, in watts.
WATTS = (0.125, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class BandScores:
    """Log-probabilities of the bands on the upright crops of some photos.

    Attributes:
        slots: (photos, 6, 13) float: slot k holds the k-th band from the left of the crop, as one
            of `BANDS`. A part of n bands has "none" in the slots from n on. Slots are independent
            given the direction.
        direction: (photos, 2) float: the first digit is the leftmost band (0) or the rightmost
            band (1).
        watts: (photos, 5) float: the power rating is that of `WATTS`.
        turned: of the same crops turned by 180 degrees, a second opinion; None without it.

    Raises:
        ValueError: arrays of other shapes.
    """

    slots: NDArray[Any]
    direction: NDArray[Any]
    watts: NDArray[Any]
    turned: "BandScores | None" = None

    def __post_init__(self) -> None:
        photos = len(self.slots)
        for name, shape in (
            ("slots", (photos, MAX_BANDS, len(BANDS))),
            ("direction", (photos, 2)),
            ("watts", (photos, len(WATTS))),
        ):
            if (found := getattr(self, name).shape) != shape:
                raise ValueError(f"{name}: shape {found}, expected {shape}")

    def of_count(self, photo: int, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Log-probabilities of one photo, should its part have some number of bands.

        With `turned`, they are the means of the two views.

        Args:
            photo: its position.
            count: 3 to 6.

        Returns:
            (count, 13) of the bands from the left, and (2,) of either direction together with the
            empty slots; float64.
        """
        slots = self.slots[photo].astype(float)
        bands = slots[:count]
        rest = self.direction[photo].astype(float) + slots[count:, -1].sum()
        if self.turned is not None:
            others, their_rest = self.turned.of_count(photo, count)
            bands, rest = (bands + others[::-1]) / 2, (rest + their_rest[::-1]) / 2
        return bands, rest

    def of_photo(self, photo: int) -> "BandScores":
        """The scores of one photo, by its position."""
        one = slice(photo, photo + 1)
        turned = None if self.turned is None else self.turned.of_photo(photo)
        return BandScores(self.slots[one], self.direction[one], self.watts[one], turned)

    def halves(self) -> tuple["BandScores", "BandScores"]:
        """The first half of the photos, and the second."""
        first, second = (slice(len(self) // 2), slice(len(self) // 2, None))
        return (
            BandScores(self.slots[first], self.direction[first], self.watts[first]),
            BandScores(self.slots[second], self.direction[second], self.watts[second]),
        )

    @classmethod
    def joined(cls, parts: "Sequence[BandScores]") -> "BandScores":
        """The scores of several batches together.

        Args:
            parts: at least one; all of them with `turned`, or none.
        """
        turned = [part.turned for part in parts if part.turned is not None]
        return cls(
            np.concatenate([part.slots for part in parts]),
            np.concatenate([part.direction for part in parts]),
            np.concatenate([part.watts for part in parts]),
            cls.joined(turned) if turned else None,
        )

    def __len__(self) -> int:
        return len(self.slots)
