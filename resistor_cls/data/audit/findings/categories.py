"""Findings about categories: empty, small, and of uneven size."""

from collections.abc import Iterator

from resistor_cls.data.audit.findings.finding import Finding, Sections
from resistor_cls.errors import many, some_names

FEW = 20  # photos of a category: of fewer, a validation fold of a fifth holds three or none
UNEVEN = 5  # times as many photos in the largest category as in the smallest


def category_findings(sections: Sections) -> Iterator[Finding]:
    """Categories without photos, with few photos, and of uneven size."""
    rows = sections["categories"]
    empty = [row["name"] for row in rows if row["photos"] == 0]
    if empty:
        yield Finding(
            "empty_categories",
            "problem",
            "Categories without a readable photo",
            f"{many(len(empty), 'category')}: {some_names(empty)}.",
            "A model cannot learn what it never sees.",
            "Add photos, or remove the categories.",
            "categories",
            categories=empty,
        )
    few = [row["name"] for row in rows if 0 < row["photos"] < FEW]
    if few:
        minimum = min(row["photos"] for row in rows if row["photos"])
        yield Finding(
            "few_photos",
            "risk",
            "Categories with few photos",
            f"{many(len(few), 'category')} of {len(rows)} with fewer than {FEW} photos, the "
            f"smallest with {minimum}.",
            "A model memorizes so few photos, and a score on a handful of them is due to chance.",
            f"Take more photos, {FEW} or more of each category and in several arrangements.",
            "categories",
            categories=few,
        )
    filled = sorted(row["photos"] for row in rows if row["photos"])
    if filled and filled[-1] >= UNEVEN * filled[0]:
        yield Finding(
            "uneven",
            "note",
            "Categories of uneven size",
            f"The largest has {filled[-1]} photos, the smallest {filled[0]}.",
            "Accuracy depends mostly on the large categories, and hides what goes wrong in "
            "the small ones.",
            "Compare models by macro averages (val/f1_macro, val/roc_auc) and by category.",
            "categories",
        )
