"""What the parts of a category are, in ohms and watts, for people who read a report."""

from resistor_cls.categories import Category, parse_name
from resistor_cls.colour_code import decode

_PREFIXES = ((1e9, "GΩ"), (1e6, "MΩ"), (1e3, "kΩ"))


def reading(name: str, tolerance: bool = True) -> str:
    """What a category's part is, such as `10 Ω ±5 %, 1 W`; empty where its name says nothing.

    Where the bands of a category are known, they give the ohms: some names mislead.

    Args:
        name: of the category.
        tolerance: whether to state it; it is left out where designs of the category differ.
    """
    category = parse_name(name)
    value = ohms_text(_ohms(category))
    stated = _tolerance(category) if tolerance else None
    if value and stated is not None:
        value = f"{value} ±{100 * stated:g} %"
    watts = "" if category.watts is None else f"{category.watts:g} W"
    return ", ".join(filter(None, [value, watts]))


def ohms_text(ohms: float | None) -> str:
    """A resistance with its unit, such as `4.7 kΩ`; empty for None."""
    if ohms is None:
        return ""
    for scale, unit in _PREFIXES:
        if ohms >= scale:
            return f"{ohms / scale:g} {unit}"
    return f"{ohms:g} Ω"


def size_order(names: tuple[str, ...] | list[str]) -> list[int]:
    """Places of categories by ohms, then watts, then name; those of unknown ohms come last."""
    parts = [parse_name(name) for name in names]

    def key(place: int) -> tuple[float, float, str]:
        ohms, watts = _ohms(parts[place]), parts[place].watts
        endless = float("inf")
        return (endless if ohms is None else ohms, watts or endless, names[place])

    return sorted(range(len(names)), key=key)


def _ohms(category: Category) -> float | None:
    return category.ohms if category.reading is None else category.reading.ohms


def _tolerance(category: Category) -> float | None:
    found = {decode(bands).tolerance for bands in category.markings}
    return found.pop() if len(found) == 1 else None
