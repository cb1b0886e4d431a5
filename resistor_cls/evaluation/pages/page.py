"""What the pages share: the frame, and pictures inside the file."""

import base64
import functools
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from resistor_cls.evaluation.wording import digits, level, many, percent, share, short

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
