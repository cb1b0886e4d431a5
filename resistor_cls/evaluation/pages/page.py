"""What the pages share: the frame, words for numbers, pictures inside the file."""

import base64
import functools
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

SMALL = 160  # pixels: pictures in a row
_QUALITY = 78  # of JPEG: 5 kB a picture


def rendered(template: str, **values: Any) -> str:
    """Renders a page.

    Args:
        template: name of a file in `templates` that extends `page.html`; it sets `sections`, the
            (id, title) of each section that there is.
        values: what the template names.

    Returns:
        The text of an HTML page that needs nothing beside it.
    """
    page: str = _environment().get_template(template).render(**values)
    # Names of folders are bytes: that of the photos need not be text that can be written.
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


@functools.cache
def _environment() -> Environment:
    environment = templates_in(Path(__file__).parent / "templates")
    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "percent": percent,
        "share": share,
        "digits": digits,
        "level": level,
        "many": many,
        "short": short,
        "day": lambda moment: "{0.day} {0:%B %Y}".format(datetime.fromisoformat(moment)),
    }
    return environment


def templates_in(folder: Path) -> Environment:
    """The templates of a folder; a name that they are not given is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,  # names of files and categories are anybody's text
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def many(count: int, noun: str) -> str:
    """A count with its noun, such as `1 photo` or `37 categories`."""
    if count == 1:
        return f"1 {noun}"
    ends_in_y = noun.endswith("y") and noun[-2] not in "aeiou"
    return f"{count:,} {noun[:-1]}ies" if ends_in_y else f"{count:,} {noun}s"


def percent(value: float) -> str:
    """A share in percent; what is small but not nothing is not called 0."""
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def share(value: float | None) -> str:
    """A share in percent to a tenth; what is not all is not called all, nor what is some none."""
    if value is None:
        return "–"
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{value:.1%}".replace(".0%", "%") if value in {0, 1} else f"{value:.1%}"


def level(risk: float) -> str:
    """A risk level in percent, such as `0.1%` or `5%`."""
    return f"{100 * risk:g}%"


def digits(value: float | None, places: int = 3) -> str:
    """A number with a few decimals, or a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.{places}f}"


def short(name: str, longest: int) -> str:
    """A long name without its middle: names of categories differ at their ends."""
    if len(name) <= longest:
        return name
    return f"{name[: longest // 2 - 1]}…{name[-(longest // 2) :]}"


def encoded(photo: np.ndarray, width: int, height: int) -> str:
    """A picture as an address that holds it.

    Args:
        photo: (height, width, 3) uint8 RGB.
        width: of the box that it is made to fit into, in pixels; it is never enlarged.
        height: of that box.
    """
    image = Image.fromarray(photo)
    image.thumbnail((width, height))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
