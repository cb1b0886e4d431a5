"""Findings about shortcuts: what predicts the category without the part."""

from collections.abc import Iterator

import numpy as np

from resistor_cls.data.audit.findings.finding import Finding, Sections

ABOVE_CHANCE = 0.05  # of accuracy, and three standard errors: less is not reported


def shortcut_findings(sections: Sections) -> Iterator[Finding]:
    """Categories that the border or the camera predicts better than chance."""
    words = {
        "border": (
            "The border of a photo gives its category away",
            "the outer 15% of the photo alone",
        ),
        "camera": ("The camera gives the category away", "the camera alone"),
    }
    for source, (title, what) in words.items():
        score = sections["shortcuts"][source]
        if score["reason"]:
            continue
        chance = max(score["most_frequent"], score["uniform"])
        error = np.sqrt(chance * (1 - chance) / score["photos"])
        best = max(score["stratified"]["accuracy"], score["capture"]["accuracy"])
        if best < chance + max(ABOVE_CHANCE, 3 * error):
            continue
        yield Finding(
            f"shortcut_{source}",
            "risk",
            title,
            f"From {what}, a simple classifier predicts the category of "
            f"{score['capture']['accuracy']:.0%} of the photos across blocks in capture order "
            f"and of {score['stratified']['accuracy']:.0%} across random folds; chance is "
            f"{chance:.0%}.",
            "A model may learn this instead of the part, and fails where the table, the light "
            "or the camera differs.",
            "Crop around the part, or take the categories in mixed order at several places; "
            "trust no score of a random split.",
            "shortcuts",
        )
