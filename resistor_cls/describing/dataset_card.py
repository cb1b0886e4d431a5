"""The card of a set of synthetic photos, in the format of the Hugging Face Hub."""

from typing import Any

from resistor_cls.describing.model_card import license_head
from resistor_cls.describing.synthetic_set import SyntheticSet
from resistor_cls.describing.templates import filled, yaml_head

# What the columns of boxes.csv hold.
BOX_COLUMNS = {
    "file": "path of the photo inside the folder",
    "x_center": "centre of the body's box, a fraction of the photo's width",
    "y_center": "centre of the body's box, a fraction of the photo's height",
    "width": "of the body's box, a fraction of the photo's width",
    "height": "of the body's box, a fraction of the photo's height",
}


def dataset_card(synthetic: SyntheticSet, license: str) -> str:
    """Writes the card of a set of synthetic photos.

    Args:
        synthetic: the set.
        license: as SPDX writes it.

    Returns:
        Markdown with a YAML head.
    """
    return filled(
        "dataset_card.md",
        head=yaml_head(_head(synthetic, license)),
        synthetic=synthetic,
        request=synthetic.request,
        license=license,
        box_columns=BOX_COLUMNS,
        scene_columns=len(synthetic.scenes[0]),
    )


def _head(synthetic: SyntheticSet, license: str) -> dict[str, Any]:
    return {
        **license_head(license),
        "pretty_name": f"Synthetic resistors, seed {synthetic.request['seed']}",
        "task_categories": ["image-classification", "object-detection"],
        "tags": ["resistor", "colour-code", "synthetic-data", "resistor_cls"],
        "size_categories": [_size_category(synthetic.photos)],
    }


def _size_category(photos: int) -> str:
    """The Hub's name of a number of samples, such as `1K<n<10K`."""
    bounds = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
    return next((name for bound, name in bounds.items() if photos < bound), "1M<n<10M")
