"""Numbers and names as reports, figures and predictions write them."""


def percent(value: float) -> str:
    """A share in whole percent, such as `98 %`; a small share is `< 1 %`, not 0."""
    return "< 1 %" if 0 < value < 0.005 else f"{100 * value:.0f} %"


def share(value: float | None) -> str:
    """A share in percent to a tenth, such as `98.4 %`; only all is 100 %, only none is 0 %."""
    if value is None:
        return "–"
    if 0 < value < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= value < 1:
        return "> 99.9 %"
    return f"{100 * value:.0f} %" if value in {0, 1} else f"{100 * value:.1f} %"


def level(risk: float) -> str:
    """A risk level in percent, such as `0.1 %` or `5 %`."""
    return f"{100 * risk:g} %"


def digits(value: float | None, places: int = 3) -> str:
    """A number with a few decimals; a dash stands for an undefined one."""
    return "–" if value is None else f"{value:.{places}f}"


def short(name: str, longest: int) -> str:
    """A long name without its middle: names of categories differ at their ends."""
    half = longest // 2
    return name if len(name) <= longest else f"{name[: half - 1]}…{name[-half:]}"
