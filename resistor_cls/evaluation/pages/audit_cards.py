"""The cards of an audit's page: the main numbers, each with what it is compared with."""

from collections.abc import Iterator, Mapping
from typing import Any

from resistor_cls.errors import many
from resistor_cls.evaluation.wording import percent

Row = Mapping[str, Any]
Card = dict[str, str]


def audit_cards(audit: Row) -> list[Card]:
    """Cards in the order of the page: `value`, `name` and `note`."""
    return [*_categories(audit), *_border(audit), *_days(audit), *_duplicates(audit), *_size(audit)]


def _card(value: str, name: str, note: str) -> Card:
    return {"value": value, "name": name, "note": note}


def _categories(audit: Row) -> Iterator[Card]:
    sizes = sorted(row["photos"] for row in audit["categories"] if row["photos"])
    low, high = (sizes[0], sizes[-1]) if sizes else (0, 0)
    value = f"{low} – {high}" if low < high else f"{low}"
    note = f"{audit['counts']['photos']:,} photos of {many(len(sizes), 'category')}"
    yield _card(value, "photos per category", note)


def _border(audit: Row) -> Iterator[Card]:
    border = audit["shortcuts"]["border"]
    if border["reason"]:
        return
    chance = percent(max(border["most_frequent"], border["uniform"]))
    note = f"by a simple classifier, across blocks in capture order; chance is {chance}"
    name = "of photos predicted correctly from the border alone"
    yield _card(percent(border["capture"]["accuracy"]), name, note)


def _days(audit: Row) -> Iterator[Card]:
    days = [row["days"] for row in audit["categories"] if row["photos"] and row["timed"]]
    if days:
        note = f"{many(len(audit['timeline']['days']), 'day')} with photos in all"
        single = sum(day == 1 for day in days)
        yield _card(f"{single} of {len(days)}", "categories taken on a single day", note)


def _duplicates(audit: Row) -> Iterator[Card]:
    groups, pairs = audit["duplicates"]["exact"], audit["duplicates"]["near"]
    copies = sum(len(group) - 1 for group in groups)
    name = "exact copy" if copies == 1 else "exact copies"
    note = f"photos with the same pixels as another, in {many(len(groups), 'group')}"
    yield _card(f"{copies:,}", name, note)
    name = "pair of near-duplicates" if len(pairs) == 1 else "pairs of near-duplicates"
    yield _card(f"{len(pairs):,}", name, "two photos of one part in one arrangement")


def _size(audit: Row) -> Iterator[Card]:
    bodies = audit["bodies"]
    if bodies["boxes"]:
        size = audit["image_size"]  # or rows and columns
        shape = size if isinstance(size, int) else " × ".join(map(str, size))
        note = f"in a model’s {shape} px; {bodies['median']:.0f} px in the photo"
        yield _card(f"{bodies['at_image_size']:.0f} px", "length of the median body", note)
