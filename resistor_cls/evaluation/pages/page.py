"""What the pages share: the frame, and pictures inside the file."""

import base64
import functools
import re
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from resistor_cls.errors import many
from resistor_cls.evaluation.wording import digits, level, percent, share, short

SMALL = 160  # pixels: pictures in a row
_QUALITY = 78  # of JPEG: 5 kB a picture
_BEFORE_PERCENT = re.compile(r"(?<=\d) (?=%)")


def rendered(template: str, **values: Any) -> str:
    """Renders a page.

    Args:
        template: name of a file in `templates` that extends `page.html`; it sets `sections`, the
            (id, title) of each section that there is.
        values: what the template names.

    Returns:
        The text of an HTML page that needs no other file.
    """
    page: str = _environment().get_template(template).render(**values)
    # Names of folders are bytes, and need not be text that can be encoded.
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
    """The templates of a folder; a name that is not given to a template is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,  # names of files and categories are free text
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_unbroken,
    )


def _unbroken(value: Any) -> Any:
    """A value of a page; no line ends between a number and `%`. What is markup already stays."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return _BEFORE_PERCENT.sub("\N{NO-BREAK SPACE}", value)
    return value


def encoded(photo: np.ndarray, width: int, height: int) -> str:
    """A picture as a `data:` address.

    Args:
        photo: (height, width, 3) uint8 RGB.
        width: of the box that it is fitted into, in pixels; it is never enlarged.
        height: of that box.
    """
    image = Image.fromarray(photo)
    image.thumbnail((width, height))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
