"""Categories in ohms and watts, for people who read a report."""

from resistor_cls.categories import parse_name
from resistor_cls.colour_code import ohms_in_words, tolerance_in_words


def reading(name: str, tolerance: bool = True) -> str:
    """The reading of a category, such as `10 Ω ±5 %, 1 W`; empty where its name states none.

    Args:
        name: of the category.
        tolerance: whether to state it; it is left out where parts of the category differ.
    """
    category = parse_name(name)
    value = ohms_text(category.ohms)
    if value and tolerance and len(category.tolerances) == 1:
        value = f"{value} {tolerance_in_words(category.tolerances[0])}"
    watts = "" if category.watts is None else f"{category.watts:g} W"
    return ", ".join(filter(None, [value, watts]))


def ohms_text(ohms: float | None) -> str:
    """A resistance with its unit, such as `4.7 kΩ`; empty for None."""
    return "" if ohms is None else ohms_in_words(ohms)


def size_order(names: tuple[str, ...] | list[str]) -> list[int]:
    """Places of categories by ohms, then watts, then name; those of unknown ohms come last."""
    parts = [parse_name(name) for name in names]

    def key(place: int) -> tuple[float, float, str]:
        ohms, watts = parts[place].ohms, parts[place].watts
        last = float("inf")
        return (last if ohms is None else ohms, watts or last, names[place])

    return sorted(range(len(names)), key=key)
