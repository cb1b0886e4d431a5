"""What a model said of labelled photos."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories


@dataclass(frozen=True)
class Predictions:
    """A model's answers beside the truth.

    Attributes:
        names: file name of each photo.
        indices: (photos,) position of each in its photo set.
        targets: (photos,) class indices.
        probabilities: (photos, categories) float32.
        losses: (photos,) float32, the training loss of each photo.
        categories: the label space.
        located: (photos,) bool, whether the body of each was found; None where nobody looked.
    """

    names: tuple[str, ...]
    indices: np.ndarray
    targets: np.ndarray
    probabilities: np.ndarray
    losses: np.ndarray
    categories: Categories
    located: np.ndarray | None = None

    @property
    def predicted(self) -> np.ndarray:
        """(photos,) the most probable class indices."""
        return self.probabilities.argmax(axis=1)

    def table(self) -> pd.DataFrame:
        """A row per photo: label, prediction, whether they agree, probabilities, loss, `located`.

        The last columns, `p:CATEGORY`, hold the probability of every category. They are not
        rounded: a model that is sure gives probabilities far below any digit, and ROC AUC ranks
        them.
        """
        names = np.array(self.categories.names)
        rows = np.arange(len(self.targets))
        return pd.DataFrame(
            {
                "photo": list(self.names),
                "label": names[self.targets],
                "prediction": names[self.predicted],
                "correct": self.predicted == self.targets,
                "probability": self.probabilities[rows, self.predicted],
                "label_probability": self.probabilities[rows, self.targets],
                "loss": self.losses,
                **({} if self.located is None else {"located": self.located}),
                **{f"p:{name}": self.probabilities[:, place] for place, name in enumerate(names)},
            }
        )
