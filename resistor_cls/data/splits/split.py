"""A split: which photos train, which validate, and which do neither."""

from dataclasses import dataclass

import numpy as np

ALWAYS_TRAINS = -1  # the fold of a photo that is in none: it trains whichever fold validates
ROLES = ("train", "validation", "test", "dropped")


@dataclass(frozen=True)
class Split:
    """The role of each photo.

    Attributes:
        role_of: (photos,) one of `ROLES`.
        fold_of: (photos,) fold of each, `ALWAYS_TRAINS` where it is in none.
        group_of: (photos,) number of the group that was kept together; None if photos were assigned
            one by one.
    """

    role_of: np.ndarray
    fold_of: np.ndarray
    group_of: np.ndarray | None = None

    def indices(self, *roles: str) -> np.ndarray:
        """Positions of the photos that have one of some roles, in order."""
        return np.flatnonzero(np.isin(self.role_of, roles))
